package sandbox

import (
	"fmt"
	"net"
	"os"

	"kubestock/sandbox/internal/instance"
	"kubestock/sandbox/internal/mirror"
)

// mirrorSocket is the number under which the process that serves the mirror finds its socket: the first after the
// standard ones.
const mirrorSocket = 3

// Serve serves an instance's mirror for as long as the instance lives.
func Serve(name string) error {
	found, err := instance.Load(name)
	if err != nil {
		return err
	}
	listener, err := net.FileListener(os.NewFile(mirrorSocket, "mirror"))
	if err != nil {
		return fmt.Errorf("the mirror's socket: %w", err)
	}
	return (&mirror.Mirror{Dir: found.Mirror}).Serve(listener)
}
