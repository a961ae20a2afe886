package images

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"kubestock/sandbox/internal/istio"
	"kubestock/sandbox/internal/tree"
)

// portsVariable is where the stand-in for an addon reads what to listen on: see standin/addon.go.
const portsVariable = "STANDIN_PORTS"

// nobodySpecial is a user by number, for kubelet cannot tell by a name that a user is not root, and refuses a pod that
// says runAsNonRoot.
const nobodySpecial = "1000:1000"

// programs are the files that images are made from, beside those of Debian.
type programs struct {
	istio   *istio.Build
	envoy   string
	standin string
}

// compose says what every image holds. Images share layers, which containerd then keeps once.
func (p programs) compose(ctx context.Context) ([]image, error) {
	base, err := userland(ctx)
	if err != nil {
		return nil, err
	}
	caller, err := curl(ctx)
	if err != nil {
		return nil, err
	}
	proxy, err := p.proxy(ctx, base, caller)
	if err != nil {
		return nil, err
	}
	all := []image{
		{
			Name:   Pause,
			Layers: []tree.Tree{program("pause", p.standin)},
			Start:  start{User: "65535:65535", Env: []string{searchPath}, Entrypoint: []string{"/pause"}, WorkingDir: "/"},
		},
		{
			Name:   Pilot,
			Layers: []tree.Tree{base, program("usr/local/bin/pilot-discovery", p.istio.PilotDiscovery)},
			Start: start{
				User: "1337:1337", Env: []string{searchPath}, Entrypoint: []string{"/usr/local/bin/pilot-discovery"},
			},
		},
		proxy,
		{
			Name:   Echo,
			Layers: []tree.Tree{base, program("http-echo", p.standin)},
			Start:  start{User: "100:1000", Env: []string{searchPath}, Entrypoint: []string{"/http-echo"}},
		},
		{
			Name:   Curl,
			Layers: []tree.Tree{base, caller},
			Start:  start{User: "100:101", Env: []string{searchPath}, Entrypoint: []string{"curl"}, Cmd: []string{"--help"}},
		},
	}
	found, err := addons(filepath.Join(p.istio.Module, "samples", "addons"))
	if err != nil {
		return nil, err
	}
	for _, each := range found {
		all = append(all, p.addon(base, each))
	}
	return all, nil
}

// proxy has no user of its own, like Istio's: the pods name one, and iptables are set by root before.
func (p programs) proxy(ctx context.Context, base, caller tree.Tree) (image, error) {
	rules, err := iptables(ctx)
	if err != nil {
		return image{}, err
	}
	envoy, err := envoyProxy(ctx, p.envoy)
	if err != nil {
		return image{}, err
	}
	agent := program("usr/local/bin/pilot-agent", p.istio.PilotAgent)
	// The agent fills in this template and starts Envoy with it.
	agent.Copy("var/lib/istio/envoy/envoy_bootstrap_tmpl.json",
		filepath.Join(p.istio.Module, "tools", "packaging", "common", "envoy_bootstrap.json"), 0o644)
	agent.Dir("etc/istio/proxy", 0o755, 1337)
	return image{
		Name:   Proxy,
		Layers: []tree.Tree{base, caller, rules, envoy, agent},
		Start:  start{Env: []string{searchPath}, Entrypoint: []string{"/usr/local/bin/pilot-agent"}},
	}, nil
}

// addon puts the stand-in where the manifest looks for the real program, and tells it its ports.
func (p programs) addon(base tree.Tree, addon addon) image {
	command := addon.Command
	if command == "" {
		command = "/addon"
	}
	ports := strings.Trim(fmt.Sprint(addon.Ports), "[]")
	return image{
		Name:   addon.Image,
		Layers: []tree.Tree{base, program(command, p.standin)},
		Start:  start{User: nobodySpecial, Env: []string{searchPath, portsVariable + "=" + ports}, Entrypoint: []string{command}},
	}
}
