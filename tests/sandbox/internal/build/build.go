// Package build makes the programs of a cluster from their Go modules, once.
package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"kubestock/sandbox/internal/cache"
)

// KubernetesVersion is the release that kubernetes/go.mod names.
const KubernetesVersion = "v1.33.4"

// Program is one main package, which may serve under several names.
type Program struct {
	// Source is a folder of tests/sandbox with a go.mod of its own.
	Source  string
	Names   []string
	ldflags []string
	// Minutes is what a first build takes on two cores, to be told to who waits.
	Minutes int
}

// Kubernetes is etcd, the control plane, the parts of a node and kubectl.
func Kubernetes() Program {
	parts := strings.Split(strings.TrimPrefix(KubernetesVersion, "v"), ".")
	const version = "k8s.io/component-base/version."
	return Program{
		Source: "kubernetes",
		Names: []string{
			"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl",
		},
		// Clients and charts ask a cluster for its version: without these it says v0.0.0-master.
		ldflags: []string{
			"-X", version + "gitVersion=" + KubernetesVersion,
			"-X", version + "gitMajor=" + parts[0],
			"-X", version + "gitMinor=" + parts[1],
			"-X", version + "gitTreeState=clean",
			"-X", "k8s.io/client-go/pkg/version.gitVersion=" + KubernetesVersion,
		},
		Minutes: 6,
	}
}

// CoreDNS is the DNS server.
func CoreDNS() Program {
	return Program{Source: "coredns", Names: []string{"coredns"}, Minutes: 1}
}

// Ensure gives the folder that holds the program under each of its names. When the cache has none built from the same
// sources, it calls starting and builds one.
func (p Program) Ensure(ctx context.Context, cacheDir string, starting func()) (string, error) {
	key, err := p.key()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cacheDir, p.Source+"-"+key)
	err = cache.Fill(ctx, dir, func(unfinished string) error {
		starting()
		return p.compile(ctx, unfinished)
	})
	if err != nil {
		return "", fmt.Errorf("building %s: %w", p.Source, err)
	}
	return dir, nil
}

func (p Program) compile(ctx context.Context, out string) error {
	program := filepath.Join(out, p.Source)
	ldflags := strings.Join(append([]string{"-s", "-w"}, p.ldflags...), " ")
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", ldflags, "-o", program, ".")
	command.Dir = p.Source
	// No C compiler is asked for, and the program runs whatever C library the machine has.
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go build in %s: %w\n%s", p.Source, err, lastLines(string(output), 20))
	}
	for _, name := range p.Names {
		if name == p.Source {
			continue
		}
		if err := os.Symlink(p.Source, filepath.Join(out, name)); err != nil {
			return err
		}
	}
	return nil
}

// key names what a build is made from.
func (p Program) key() (string, error) {
	sources, err := filepath.Glob(filepath.Join(p.Source, "*.go"))
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	fmt.Fprintln(hash, runtime.GOARCH, p.ldflags, p.Names)
	for _, path := range append(sources, filepath.Join(p.Source, "go.mod"), filepath.Join(p.Source, "go.sum")) {
		content, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(hash, "%s %d\n%s", filepath.Base(path), len(content), content)
	}
	return hex.EncodeToString(hash.Sum(nil))[:16], nil
}

func lastLines(text string, count int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
