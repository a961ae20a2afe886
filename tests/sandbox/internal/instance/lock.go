package instance

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrBusy says that another `up` or `down` of the same instance is at work.
var ErrBusy = errors.New("another up or down of this instance is at work")

// Lock lets one `up` or `down` of an instance work at a time. The file lies beside the state folder, which comes and goes.
func Lock(name string) (unlock func(), err error) {
	return lock(filepath.Join(Root, "."+name+".lock"), false)
}

// lock takes an flock: the kernel gives it back when its holder is killed.
func lock(path string, wait bool) (unlock func(), err error) {
	if err := os.MkdirAll(Root, 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	how := syscall.LOCK_EX
	if !wait {
		how |= syscall.LOCK_NB
	}
	if err := syscall.Flock(int(file.Fd()), how); err != nil {
		file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrBusy
		}
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return func() { file.Close() }, nil
}
