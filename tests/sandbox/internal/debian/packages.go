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
	"slices"
	"strings"
)

// needed maps a program in PATH, or a file, to the package that brings it.
var needed = []struct{ what, in string }{
	{"containerd", "containerd"},
	{"containerd-shim-runc-v2", "containerd"},
	{"ctr", "containerd"},
	{"runc", "runc"},
	{"iptables", "iptables"},
	{"ip", "iproute2"},
	{"/usr/lib/cni/ptp", "containernetworking-plugins"},
	// What the images are made from: see the package images.
	{"/bin/busybox", "busybox-static"},
	{"/usr/bin/curl", "curl"},
	{"/usr/sbin/xtables-nft-multi", "iptables"},
	{"/etc/ssl/certs/ca-certificates.crt", "ca-certificates"},
}

// Missing lists the packages to install.
func Missing() []string {
	var missing []string
	for _, each := range needed {
		if !there(each.what) && !slices.Contains(missing, each.in) {
			missing = append(missing, each.in)
		}
	}
	return missing
}

func there(what string) bool {
	var err error
	if filepath.IsAbs(what) {
		_, err = os.Stat(what)
	} else {
		_, err = exec.LookPath(what)
	}
	return err == nil
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
		return nil, err
	}
	return func() error { return os.Remove(policy) }, nil
}
