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

// locks is where the files of locks lie: apart from the state, which comes and goes, and gone with the next boot.
const locks = "/run/lock"

// Lock lets one `up` or `down` of an instance work at a time.
func Lock(name string) (unlock func(), err error) {
	return lock("instance-"+name, false)
}

// lock takes an flock: the kernel gives it back when its holder is killed.
func lock(name string, wait bool) (unlock func(), err error) {
	if err := os.MkdirAll(locks, 0o1777); err != nil {
		return nil, err
	}
	path := filepath.Join(locks, "kubestock-sandbox-"+name)
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
