package sandbox

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"kubestock/sandbox/internal/box"
	"kubestock/sandbox/internal/instance"
	"kubestock/sandbox/internal/plane"
	"kubestock/sandbox/internal/process"
)

// Health is how an instance is.
type Health struct {
	Instance   *instance.Instance
	Components []ComponentHealth
	// Problem is what the API server or the mirror answers wrongly, when all processes are there.
	Problem error
}

// ComponentHealth is how a component is.
type ComponentHealth struct {
	Name string
	// PID is its number on the host, 0 if it is dead.
	PID int
	// End says how it ended, if that is known.
	End string
}

// expected is how many components an instance has, its mirror among them.
const expected = 9

// Healthy tells whether an instance can be used.
func (h *Health) Healthy() bool {
	if h.Problem != nil || len(h.Components) < expected {
		return false
	}
	for _, component := range h.Components {
		if component.PID == 0 {
			return false
		}
	}
	return true
}

// Examine looks at an instance. The error is fs.ErrNotExist when there is none.
func Examine(ctx context.Context, name string) (*Health, error) {
	found, err := instance.Load(name)
	if err != nil {
		return nil, err
	}
	health := &Health{Instance: found}
	entries, err := process.List(found.Path(componentsList))
	if err != nil {
		health.Problem = fmt.Errorf("it did not come up: %w", err)
		return health, nil
	}
	alive := found.Init.Alive()
	for _, entry := range latest(entries) {
		component := ComponentHealth{Name: entry.Name, End: entry.End}
		if alive && entry.End == "" {
			component.PID, _ = box.HostPID(found.Init.PID, entry.PID)
		}
		health.Components = append(health.Components, component)
	}
	if health.Healthy() {
		health.Problem = answer(ctx, found)
	}
	return health, nil
}

// latest leaves of a component that was started more than once the last start: containerd is started for an import too.
func latest(entries []process.Entry) []process.Entry {
	var kept []process.Entry
	for i, entry := range entries {
		superseded := false
		for _, later := range entries[i+1:] {
			superseded = superseded || later.Name == entry.Name
		}
		if !superseded {
			kept = append(kept, entry)
		}
	}
	return kept
}

// answer says what does not answer as it should.
func answer(ctx context.Context, of *instance.Instance) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	client, err := plane.NewClient(of)
	if err != nil {
		return err
	}
	if err := client.Ready(ctx); err != nil {
		return err
	}
	if err := client.NodeReady(ctx, of.Node()); err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, of.MirrorURL, nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: &http.Transport{}}).Do(request)
	if err != nil {
		return fmt.Errorf("mirror: %w", err)
	}
	return response.Body.Close()
}

// Print writes what `status` says.
func (h *Health) Print(out io.Writer) {
	for _, component := range h.Components {
		state := fmt.Sprintf("running  pid %d", component.PID)
		if component.PID == 0 {
			state = "dead     " + component.End
		}
		fmt.Fprintf(out, "%-24s %s\n", component.Name, state)
	}
	fmt.Fprintf(out, "%-24s %s\n", "kubeconfig", h.Instance.Path("kubeconfig"))
	fmt.Fprintf(out, "%-24s %s\n", "mirror URL", h.Instance.MirrorURL)
	if h.Problem != nil {
		fmt.Fprintf(out, "%-24s %v\n", "problem", h.Problem)
	}
}
