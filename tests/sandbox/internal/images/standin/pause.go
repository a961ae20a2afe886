package main

import (
	"os"
	"os/signal"
	"syscall"
)

// pause holds a pod's namespaces open. As the first process of a pod that shares its process namespace it also inherits
// orphans, and must collect them.
func pause() error {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			return nil
		}
		for {
			child, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			if err != nil || child <= 0 {
				break
			}
		}
	}
	return nil
}
