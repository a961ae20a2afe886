// Package box makes the namespaces that an instance lives in, furnishes them from inside, and joins them to the host.
//
// Network, mounts, processes, IPC and the host name are the instance's own. Nothing has to be undone on the host but the
// one link, and when the first process of the box ends, the kernel ends every other process, unmounts and removes what
// they had made: whatever happened, a kill -9 or a crash halfway, one kill is a complete cleaning.
package box

import (
	"os"
	"os/exec"
	"syscall"
)

// Box is a box that was just made. Its first process waits for Open.
type Box struct {
	PID int
	// Reports is what the process inside says of its progress. It ends when the process does.
	Reports *os.File
	gate    *os.File
}

// Numbers of the files that the process inside finds open.
const (
	gateFile = 3 + iota
	reportsFile
	// ListenerFile is a socket of the host's network, on which the instance serves the mirror.
	ListenerFile
)

// Spawn starts this program with arguments as the first process of a new box. What it prints goes to log.
func Spawn(arguments []string, listener, log *os.File) (*Box, error) {
	gateRead, gateWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer gateRead.Close()
	reportsRead, reportsWrite, err := os.Pipe()
	if err != nil {
		gateWrite.Close()
		return nil, err
	}
	defer reportsWrite.Close()
	command := exec.Command("/proc/self/exe", arguments...)
	command.Stdout, command.Stderr = log, log
	command.ExtraFiles = []*os.File{gateRead, reportsWrite, listener}
	command.SysProcAttr = &syscall.SysProcAttr{
		// The session keeps a terminal's Ctrl-C and hangup for `up` alone.
		Setsid: true,
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC |
			syscall.CLONE_NEWUTS,
	}
	if err := command.Start(); err != nil {
		gateWrite.Close()
		reportsRead.Close()
		return nil, err
	}
	// So that a box that fails does not stay a zombie for as long as `up` reports of it.
	go command.Wait()
	return &Box{PID: command.Process.Pid, Reports: reportsRead, gate: gateWrite}, nil
}

// Open lets the process inside go on, now that the box is joined to the host.
func (b *Box) Open() error {
	_, err := b.gate.Write([]byte{1})
	return err
}

// Close gives up the files. A box that was not opened ends itself.
func (b *Box) Close() {
	b.gate.Close()
	b.Reports.Close()
}
