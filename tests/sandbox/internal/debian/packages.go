// Package debian installs what a node needs beside Kubernetes, where it is missing.
package debian

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// needed maps a file that a node uses to the package that brings it.
var needed = []struct{ program, in string }{
	{"containerd", "containerd"},
	{"containerd-shim-runc-v2", "containerd"},
	{"ctr", "containerd"},
	{"runc", "runc"},
	{"iptables", "iptables"},
	{"ip", "iproute2"},
	{"mount", "mount"},
	{"cp", "coreutils"},
	{"/usr/lib/cni/ptp", "containernetworking-plugins"},
	{"/bin/busybox", "busybox-static"},
}

// Missing lists the packages to install.
func Missing() []string {
	var missing []string
	seen := make(map[string]bool)
	for _, each := range needed {
		if _, err := exec.LookPath(each.program); err != nil && !seen[each.in] {
			seen[each.in] = true
			missing = append(missing, each.in)
		}
	}
	return missing
}

// Install installs packages and starts none of their services.
func Install(ctx context.Context, packages []string) error {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("%s missing, and there is no apt-get to install it", strings.Join(packages, ", "))
	}
	if err := aptGet(ctx, "update"); err != nil {
		return err
	}
	restore, err := forbidServices()
	if err != nil {
		return err
	}
	installed := aptGet(ctx, append([]string{"install", "--yes", "--no-install-recommends"}, packages...)...)
	return errors.Join(installed, restore())
}

func aptGet(ctx context.Context, arguments ...string) error {
	command := exec.CommandContext(ctx, "apt-get", append([]string{"--quiet", "--quiet"}, arguments...)...)
	command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get %s: %w\n%s", strings.Join(arguments, " "), err, output)
	}
	return nil
}

// forbidServices makes Debian's maintainer scripts start nothing (policy-rc.d answers 101), unless the machine has a
// policy of its own. Without it the containerd package starts a containerd on the host.
func forbidServices() (restore func() error, err error) {
	const policy = "/usr/sbin/policy-rc.d"
	_, err = os.Lstat(policy)
	if err == nil {
		return func() error { return nil }, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := os.WriteFile(policy, []byte("#!/bin/sh\nexit 101\n"), 0o755); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(policy), err)
	}
	return func() error { return os.Remove(policy) }, nil
}
