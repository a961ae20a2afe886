package sandbox

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"kubestock/sandbox/internal/box"
	"kubestock/sandbox/internal/certs"
	"kubestock/sandbox/internal/cgroup"
	"kubestock/sandbox/internal/images"
	"kubestock/sandbox/internal/instance"
	"kubestock/sandbox/internal/node"
	"kubestock/sandbox/internal/plane"
	"kubestock/sandbox/internal/process"
)

// componentsList is the file of the state that names the components.
const componentsList = "components.json"

// Inside is the life of an instance, from the process in its box: it comes up, waits to be told to go, and goes.
func Inside(name string) error {
	inherited, err := box.Enter()
	if err != nil {
		return err
	}
	reporter := newReporter(inherited.Reports)
	err = inside(name, inherited, reporter)
	if err != nil {
		reporter.failed(err)
	}
	return err
}

func inside(name string, inherited *box.Inherited, reporter *reporter) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	here, err := instance.Load(name)
	if err != nil {
		return err
	}
	life := newLife(here, reporter)
	defer life.stop()
	if err := life.start(ctx, inherited.Listener); err != nil {
		return err
	}
	if err := reporter.ready(); err != nil {
		return fmt.Errorf("nobody waits for the instance any more: %w", err)
	}
	inherited.Reports.Close()
	<-ctx.Done()
	return nil
}

// life is what of an instance runs.
type life struct {
	instance *instance.Instance
	reporter *reporter
	group    *process.Group
	plane    *plane.Plane
	node     *node.Node
}

func newLife(of *instance.Instance, reporter *reporter) *life {
	group := process.NewGroup(of.Path(componentsList), of.Path("logs"))
	control := &plane.Plane{Instance: of, Group: group}
	return &life{of, reporter, group, control, &node.Node{Instance: of, Group: group, Plane: control, PauseImage: images.Pause}}
}

func (l *life) start(ctx context.Context, mirror *os.File) error {
	if err := l.prepare(ctx); err != nil {
		return err
	}
	if err := l.startMirror(mirror); err != nil {
		return err
	}
	if err := l.reporter.step("starting the control plane"); err != nil {
		return err
	}
	// containerd has its images to find while the control plane comes up.
	if err := both(
		func() error { return l.plane.Start(ctx) },
		func() error {
			return l.node.StartContainerd(ctx, func() { _ = l.reporter.step("importing images (first time: a minute)") })
		},
	); err != nil {
		return err
	}
	if err := l.reporter.step("starting the node"); err != nil {
		return err
	}
	if err := l.node.Start(ctx); err != nil {
		return err
	}
	return l.awaitDefaultAccount(ctx)
}

// prepare makes what every component needs.
func (l *life) prepare(ctx context.Context) error {
	if err := box.Furnish(l.instance.Path(), l.instance.Cache); err != nil {
		return err
	}
	if err := syscall.Sethostname([]byte(l.instance.Node())); err != nil {
		return err
	}
	if err := box.Connect(ctx, l.instance.Plan()); err != nil {
		return err
	}
	if err := cgroup.Create(l.instance.Name); err != nil {
		return err
	}
	if err := certs.Write(l.instance.Path("pki"), l.instance.Plan(), l.instance.Node()); err != nil {
		return err
	}
	return plane.WriteAdminKubeconfig(l.instance)
}

// startMirror serves releases on a socket of the host's network, from a process that ends with the box.
func (l *life) startMirror(socket *os.File) error {
	command := exec.Command("/proc/self/exe", ServeMirror, "--name", l.instance.Name)
	command.ExtraFiles = []*os.File{socket}
	_, err := l.group.Start("mirror", command)
	return err
}

// awaitDefaultAccount waits for what the API server refuses pods without.
func (l *life) awaitDefaultAccount(ctx context.Context) error {
	client, err := plane.NewClient(l.instance)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		err := client.Exists(ctx, "/api/v1/namespaces/default/serviceaccounts/default")
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the controllers have made no service account: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// stop takes the node down; the control plane and the mirror have nothing to put in order and end with the box.
func (l *life) stop() {
	l.node.Stop()
}

// both runs two things at once and gives the first error.
func both(one, other func() error) error {
	var wait sync.WaitGroup
	errs := make(chan error, 2)
	for _, each := range []func() error{one, other} {
		wait.Go(func() { errs <- each() })
	}
	wait.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
