// Package sandbox is what the command line does: a cluster goes up, down, and tells how it is.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"kubestock/sandbox/internal/box"
	"kubestock/sandbox/internal/build"
	"kubestock/sandbox/internal/debian"
	"kubestock/sandbox/internal/instance"
)

// Commands that only the driver itself calls.
const (
	Init        = "init"
	Within      = "inside"
	ServeMirror = "serve-mirror"
)

// errInterrupted says that a signal ended `up`.
var errInterrupted = errors.New("interrupted: nothing is left of the instance")

// Up brings an instance up, or says that it is. Its controllers may ask qps times a second, or as often as Kubernetes says
// where that is 0.
func Up(ctx context.Context, name string, qps int, log *Log) error {
	unlock, err := instance.Lock(name)
	if err != nil {
		return err
	}
	defer unlock()
	health, err := Examine(ctx, name)
	if err == nil && health.Healthy() {
		log.Say("%s is up already: export KUBECONFIG=%s", name, health.Instance.Path("kubeconfig"))
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if there, err := clean(ctx, name); err != nil {
		return err
	} else if there {
		log.Say("cleaned up what was left of %s", name)
	}
	parts, err := gather(ctx, log)
	if err != nil {
		return err
	}
	made, err := launch(ctx, name, qps, parts, log)
	if ctx.Err() != nil {
		return errors.Join(errInterrupted, cleanAfter(name))
	}
	if err != nil {
		return errors.Join(err, keepLogs(name, log), cleanAfter(name))
	}
	log.Say("%s is up: export KUBECONFIG=%s", name, made.Path("kubeconfig"))
	return nil
}

// parts is what is made once for all instances.
type parts struct {
	cache      string
	kubernetes string
	coreDNS    string
	contents   contents
}

func gather(ctx context.Context, log *Log) (*parts, error) {
	cacheDir, err := cacheFolder()
	if err != nil {
		return nil, err
	}
	if packages := debian.Missing(); len(packages) > 0 {
		log.Say("installing %s", strings.Join(packages, ", "))
		if err := debian.Install(ctx, packages); err != nil {
			return nil, err
		}
	}
	made := &parts{cache: cacheDir}
	kubernetes := build.Kubernetes()
	made.kubernetes, err = kubernetes.Ensure(ctx, cacheDir, func() {
		log.Say("building Kubernetes %s (first time: ~%d min)", build.KubernetesVersion, kubernetes.Minutes)
	})
	if err != nil {
		return nil, err
	}
	coreDNS := build.CoreDNS()
	folder, err := coreDNS.Ensure(ctx, cacheDir, func() {
		log.Say("building CoreDNS (first time: ~%d min)", coreDNS.Minutes)
	})
	if err != nil {
		return nil, err
	}
	made.coreDNS = filepath.Join(folder, coreDNS.Names[0])
	made.contents, err = gatherContents(ctx, cacheDir, log)
	return made, err
}

// launch starts the instance in a box and waits until it is up.
func launch(ctx context.Context, name string, qps int, parts *parts, log *Log) (*instance.Instance, error) {
	made, err := instance.Reserve(name)
	if err != nil {
		return nil, err
	}
	// The socket is the host's, however deep in the box it is served.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	made.Cache, made.Kubernetes, made.CoreDNS = parts.cache, parts.kubernetes, parts.coreDNS
	made.Images, made.QPS = parts.contents.images, qps
	made.Mirror = parts.contents.mirror.Dir
	made.MirrorURL = "http://" + listener.Addr().String()
	if err := made.Save(); err != nil {
		return nil, err
	}
	if err := writeEnv(made, parts.contents.istioctl); err != nil {
		return nil, err
	}
	if err := writeProfiles(made, parts.contents.mirror, log); err != nil {
		return nil, err
	}
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		return nil, err
	}
	defer socket.Close()
	return made, run(ctx, made, socket, log)
}

func run(ctx context.Context, made *instance.Instance, socket *os.File, log *Log) error {
	output, err := os.Create(made.Path("logs", "sandbox.log"))
	if err != nil {
		return err
	}
	defer output.Close()
	started, err := box.Spawn([]string{Init, "--name", made.Name}, socket, output)
	if err != nil {
		return fmt.Errorf("making namespaces: %w", err)
	}
	defer started.Close()
	made.Init, err = instance.Identify(started.PID)
	if err != nil {
		return err
	}
	if err := made.Save(); err != nil {
		return err
	}
	if err := box.Join(ctx, made.Plan(), started.PID); err != nil {
		return err
	}
	if err := started.Open(); err != nil {
		return err
	}
	// Ctrl-C ends the wait; the instance is then taken down.
	defer context.AfterFunc(ctx, func() { started.Reports.Close() })()
	return follow(started.Reports, func(step string) { log.Say("%s", step) })
}

// cleanAfter leaves nothing of an instance that did not come up, even when the context has ended.
func cleanAfter(name string) error {
	_, err := clean(context.Background(), name)
	return err
}

// keepLogs puts the logs of an instance that did not come up where the next one does not overwrite them.
func keepLogs(name string, log *Log) error {
	kept := filepath.Join(os.TempDir(), "kubestock-sandbox-"+name+"-logs")
	if err := os.RemoveAll(kept); err != nil {
		return err
	}
	logs := filepath.Join(instance.Dir(name), "logs")
	if _, err := os.Stat(logs); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if output, err := exec.Command("cp", "--recursive", logs, kept).CombinedOutput(); err != nil {
		return fmt.Errorf("keeping the logs: %w: %s", err, output)
	}
	log.Say("the logs are kept in %s", kept)
	return nil
}

func cacheFolder() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(base, "kubestock-sandbox")
	return folder, os.MkdirAll(folder, 0o755)
}
