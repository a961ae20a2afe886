// Package istio builds Istio's programs from its Go module, for no registry and no download site is asked in the sandbox.
package istio

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"kubestock/sandbox/internal/cache"
)

// Build is where the programs are, and the module that they were built from.
type Build struct {
	Istioctl       string
	PilotDiscovery string
	PilotAgent     string
	// Module is the folder of the Istio module: its charts are in istioctl, its addons are only here.
	Module string
}

// programs are the main packages, as tests/sandbox/istio/go.mod lists them under `tool`.
var programs = []string{
	module + "/istioctl/cmd/istioctl",
	module + "/pilot/cmd/pilot-agent",
	module + "/pilot/cmd/pilot-discovery",
}

// Ensure builds istioctl, istiod and the sidecar's agent, unless the folder cache has them from these go.mod and go.sum.
// The first build takes minutes; log hears of it.
func Ensure(ctx context.Context, cacheDir string, log io.Writer) (*Build, error) {
	source, err := sourceDir()
	if err != nil {
		return nil, err
	}
	key, err := buildKey(source)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cacheDir, "istio-"+key)
	err = cache.Fill(ctx, dir, func(unfinished string) error {
		fmt.Fprintf(log, "building Istio %s (minutes, once)\n", Version)
		return compile(ctx, source, unfinished, log)
	})
	if err != nil {
		return nil, fmt.Errorf("building Istio: %w", err)
	}
	moduleDir, err := moduleDir(ctx, source)
	if err != nil {
		return nil, err
	}
	return &Build{
		Istioctl:       filepath.Join(dir, "istioctl"),
		PilotDiscovery: filepath.Join(dir, "pilot-discovery"),
		PilotAgent:     filepath.Join(dir, "pilot-agent"),
		Module:         moduleDir,
	}, nil
}

func compile(ctx context.Context, source, out string, log io.Writer) error {
	arguments := []string{"build", "-trimpath", "-ldflags", ldflags(), "-o", out + string(filepath.Separator)}
	build := exec.CommandContext(ctx, "go", append(arguments, programs...)...)
	build.Dir = source
	// Static, for the images hold no C library that is sure to be the builder's.
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stdout, build.Stderr = log, log
	return build.Run()
}

// ldflags set what Istio's own release script sets: istioctl takes hub and tag of the images from there.
func ldflags() string {
	flags := []string{"-s", "-w"}
	for _, set := range []string{
		"buildVersion=" + Version, "buildTag=" + Version, "buildHub=" + Hub, "buildStatus=Clean",
	} {
		flags = append(flags, "-X", module+"/pkg/version."+set)
	}
	return strings.Join(flags, " ")
}

// buildKey names what a build is made from.
func buildKey(source string) (string, error) {
	hash := sha256.New()
	fmt.Fprintln(hash, runtime.Version(), runtime.GOOS, runtime.GOARCH, Version, Hub)
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(hash, "%s %d\n%s", name, len(content), content)
	}
	return hex.EncodeToString(hash.Sum(nil))[:16], nil
}

func moduleDir(ctx context.Context, source string) (string, error) {
	// `go mod download` and not `go list -m`: with the programs cached, the module itself may have been cleaned away.
	download := exec.CommandContext(ctx, "go", "mod", "download", module)
	download.Dir = source
	if output, err := download.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go mod download %s: %w\n%s", module, err, output)
	}
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module)
	list.Dir = source
	output, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("go list -m %s: %w", module, err)
	}
	return strings.TrimSpace(string(output)), nil
}
