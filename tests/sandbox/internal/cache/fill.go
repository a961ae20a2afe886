// Package cache keeps what is slow to make in folders that are whole or absent.
package cache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// retryLock is how long to wait before a lock that another process holds is tried again.
const retryLock = 200 * time.Millisecond

// Fill makes the folder dir with make, unless it is there already.
//
// What make writes goes to a folder beside dir, which takes dir's name at the end: a run that is stopped halfway leaves
// nothing that looks whole. Two runs at once, in one process or in two, make it once: the second waits for the first.
func Fill(ctx context.Context, dir string, make func(unfinished string) error) error {
	if whole(dir) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	unlock, err := lock(ctx, dir+".lock")
	if err != nil {
		return fmt.Errorf("waiting for %s: %w", filepath.Base(dir), err)
	}
	defer unlock()
	if whole(dir) {
		return nil
	}
	unfinished := dir + ".unfinished"
	if err := os.RemoveAll(unfinished); err != nil {
		return err
	}
	if err := os.Mkdir(unfinished, 0o755); err != nil {
		return err
	}
	if err := make(unfinished); err != nil {
		return errors.Join(err, os.RemoveAll(unfinished))
	}
	return os.Rename(unfinished, dir)
}

func whole(dir string) bool {
	_, err := os.Stat(dir)
	return !errors.Is(err, fs.ErrNotExist)
}

// lock takes an flock, which the kernel gives back even when its holder is killed. It polls because a blocking flock
// cannot be called off with the context.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			file.Close()
			return nil, err
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, ctx.Err()
		case <-time.After(retryLock):
		}
	}
}
