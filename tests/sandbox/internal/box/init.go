package box

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// Init is the life of the first process of a box: it starts this program with arguments, which does the work, and buries
// the orphans of the containers' shims, which the kernel hands to it. It returns the exit code of the work, and the
// kernel then ends what is left.
func Init(arguments []string) (int, error) {
	work := exec.Command("/proc/self/exe", arguments...)
	work.Stdout, work.Stderr = os.Stdout, os.Stderr
	for descriptor := uintptr(gateFile); descriptor <= ListenerFile; descriptor++ {
		work.ExtraFiles = append(work.ExtraFiles, os.NewFile(descriptor, "inherited"))
	}
	if err := work.Start(); err != nil {
		return 1, err
	}
	// Else `up` would wait for the end of reports that nobody writes.
	for _, file := range work.ExtraFiles {
		file.Close()
	}
	// A signal without a handler does not reach the first process of a namespace at all.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		for range signals {
			_ = work.Process.Signal(syscall.SIGTERM)
		}
	}()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return 1, fmt.Errorf("waiting for children: %w", err)
		}
		if pid == work.Process.Pid {
			return status.ExitStatus(), nil
		}
	}
}

// ErrAbandoned says that `up` ended before it had joined the box to the host.
var ErrAbandoned = errors.New("up ended before the box was joined to the host")

// Inherited is what the process inside was given.
type Inherited struct {
	Reports  *os.File
	Listener *os.File
}

// Enter waits until the box is open.
func Enter() (*Inherited, error) {
	gate := os.NewFile(gateFile, "gate")
	defer gate.Close()
	if _, err := io.ReadFull(gate, make([]byte, 1)); err != nil {
		return nil, ErrAbandoned
	}
	inherited := &Inherited{os.NewFile(reportsFile, "reports"), os.NewFile(ListenerFile, "listener")}
	// What is started from here is given none of them unless it is meant to.
	syscall.CloseOnExec(reportsFile)
	syscall.CloseOnExec(ListenerFile)
	return inherited, nil
}
