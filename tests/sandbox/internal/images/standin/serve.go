package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/signal"
	"syscall"
	"time"
)

// drain is how long requests that are under way may take once the pod is asked to end.
const drain = 2 * time.Second

// serve answers on every address until it is told to end. Without a handler of its own, the first process of a container
// is deaf to SIGTERM, and every pod would take its whole grace period to go.
func serve(addresses []string, handler http.Handler) error {
	asked, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ended := make(chan error, len(addresses))
	var servers []*http.Server
	for _, address := range addresses {
		server := &http.Server{Addr: address, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		servers = append(servers, server)
		go func() { ended <- server.ListenAndServe() }()
		fmt.Println("listening on", address)
	}
	select {
	case err := <-ended:
		return err
	case <-asked.Done():
	}
	limit, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	var failed error
	for _, server := range servers {
		failed = errors.Join(failed, server.Shutdown(limit))
	}
	return failed
}
