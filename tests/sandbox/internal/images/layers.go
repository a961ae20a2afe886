package images

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"kubestock/sandbox/internal/tree"
)

// userland is a shell with the usual small programs, the users that Istio's charts name, and the roots of TLS.
func userland(ctx context.Context) (tree.Tree, error) {
	l := tree.Tree{}
	l.Dir("tmp", 0o1777, 0)
	l.Dir("root", 0o700, 0)
	l.Text("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"+
		"istio-proxy:x:1337:1337::/home/istio-proxy:/bin/sh\n"+
		"nobody:x:65534:65534:nobody:/:/bin/false\n")
	l.Text("etc/group", "root:x:0:\nistio-proxy:x:1337:\nnogroup:x:65534:\n")
	l.Text("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
	l.Copy("etc/ssl/certs/ca-certificates.crt", rootsFile, 0o644)
	l.Copy("bin/busybox", busyboxFile, 0o755)
	applets, err := exec.CommandContext(ctx, busyboxFile, "--list").Output()
	if err != nil {
		return nil, fmt.Errorf("%s --list: %w", busyboxFile, err)
	}
	for _, applet := range strings.Fields(string(applets)) {
		if applet != "busybox" {
			l.Link("bin/"+applet, "busybox")
		}
	}
	return l, nil
}

func curl(ctx context.Context) (tree.Tree, error) {
	l := tree.Tree{}
	return l, withLibraries(ctx, l, "usr/bin/curl", curlFile)
}

// iptables is the nft flavour under all the names that pilot-agent looks for, with the plugins that its rules load.
func iptables(ctx context.Context) (tree.Tree, error) {
	l := tree.Tree{}
	if err := withLibraries(ctx, l, "usr/sbin/xtables-nft-multi", iptablesFile); err != nil {
		return nil, err
	}
	for _, family := range []string{"iptables", "ip6tables"} {
		for _, flavour := range []string{"", "-nft"} {
			for _, verb := range []string{"", "-save", "-restore"} {
				l.Link("usr/sbin/"+family+flavour+verb, "xtables-nft-multi")
			}
		}
	}
	plugins, err := filepath.Glob("/usr/lib/*-linux-gnu/xtables/*.so")
	if err != nil {
		return nil, err
	}
	if len(plugins) == 0 {
		return nil, fmt.Errorf("no plugins of iptables in /usr/lib/*-linux-gnu/xtables")
	}
	for _, plugin := range plugins {
		real, err := filepath.EvalSymlinks(plugin)
		if err != nil {
			return nil, err
		}
		l.Copy(plugin, real, 0o644)
	}
	return l, libraries(ctx, l, plugins...)
}

func envoyProxy(ctx context.Context, envoy string) (tree.Tree, error) {
	l := tree.Tree{}
	return l, withLibraries(ctx, l, "usr/local/bin/envoy", envoy)
}

func program(path, source string) tree.Tree {
	l := tree.Tree{}
	l.Copy(path, source, 0o755)
	return l
}
