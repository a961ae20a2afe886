package instance

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// Process is a process that can be told from a later one with the same number.
type Process struct {
	PID int `json:"pid"`
	// Started is the kernel's start time, in clock ticks since boot.
	Started string `json:"started"`
}

// Identify names the process that has pid now.
func Identify(pid int) (Process, error) {
	started, _, err := readStat(pid)
	if err != nil {
		return Process{}, err
	}
	return Process{PID: pid, Started: started}, nil
}

// Alive tells whether the process still runs. A zombie does not.
func (p Process) Alive() bool {
	if p.PID == 0 {
		return false
	}
	started, state, err := readStat(p.PID)
	return err == nil && started == p.Started && state != "Z" && state != "X"
}

// Stop asks the process to end, and kills it when it has not ended after grace.
func (p Process) Stop(grace time.Duration) error {
	if !p.Alive() {
		return nil
	}
	if err := syscall.Kill(p.PID, syscall.SIGTERM); err == nil && p.waitGone(grace) {
		return nil
	}
	if err := syscall.Kill(p.PID, syscall.SIGKILL); err != nil && p.Alive() {
		return fmt.Errorf("killing process %d: %w", p.PID, err)
	}
	// The kernel first ends every other process of the namespace.
	if !p.waitGone(30 * time.Second) {
		return fmt.Errorf("process %d does not die", p.PID)
	}
	return nil
}

func (p Process) waitGone(limit time.Duration) bool {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if !p.Alive() {
			return true
		}
	}
	return false
}

// readStat gives the start time and the state of a process, from /proc/PID/stat (proc(5): fields 22 and 3).
func readStat(pid int) (started, state string, err error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", "", err
	}
	return parseStat(string(content))
}

func parseStat(stat string) (started, state string, err error) {
	// The second field is a name in parentheses, which may hold both spaces and parentheses.
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 {
		return "", "", fmt.Errorf("%q is no /proc/PID/stat", stat)
	}
	return fields[19], fields[0], nil
}
