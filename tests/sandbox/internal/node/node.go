// Package node runs the one node of an instance: containerd, the kubelet, kube-proxy and CoreDNS, all of them processes of
// the box and not containers, so that they need no images.
//
// The pods' network is made of point-to-point links (the CNI plugin ptp), as kind's is: every packet between two pods is
// routed, so the rules of Services see its way back too, without the module br_netfilter that a bridge would need.
package node

import (
	"context"
	"net"
	"os/exec"
	"path/filepath"
	"time"

	"kubestock/sandbox/internal/address"
	"kubestock/sandbox/internal/certs"
	"kubestock/sandbox/internal/cgroup"
	"kubestock/sandbox/internal/instance"
	"kubestock/sandbox/internal/plane"
	"kubestock/sandbox/internal/process"
)

const (
	readyLimit = 120 * time.Second
	stopGrace  = 3 * time.Second
)

// Node starts and stops the node's components.
type Node struct {
	Instance *instance.Instance
	Group    *process.Group
	Plane    *plane.Plane
	// PauseImage holds the namespaces of every pod.
	PauseImage string

	containerd, kubelet, proxy, dns *process.Component
}

// Start brings the node up on a control plane that is up, and returns when it takes pods and names can be resolved.
// containerd must be running: see StartContainerd.
func (n *Node) Start(ctx context.Context) error {
	if err := n.startKubelet(); err != nil {
		return err
	}
	if err := n.startProxy(); err != nil {
		return err
	}
	if err := n.startDNS(ctx); err != nil {
		return err
	}
	client, err := plane.NewClient(n.Instance)
	if err != nil {
		return err
	}
	err = n.kubelet.Await(ctx, readyLimit, "a ready node", func(ctx context.Context) error {
		return client.NodeReady(ctx, n.Instance.Node())
	})
	if err != nil {
		return err
	}
	return n.dns.Await(ctx, readyLimit, "an answer through its Service", resolves)
}

// Stop takes the node down from the top: nothing restarts a container any more when the containers are killed, and
// containerd is there until they are.
func (n *Node) Stop() {
	n.kubelet.Stop(stopGrace)
	n.proxy.Stop(stopGrace)
	n.dns.Stop(stopGrace)
	// Whatever is left dies with the box.
	_ = cgroup.Kill(n.Instance.Name)
	n.containerd.Stop(stopGrace)
}

func (n *Node) startKubelet() error {
	kubeconfig, err := n.Plane.Kubeconfig(certs.Kubelet)
	if err != nil {
		return err
	}
	config, err := render(n.etc(), "kubelet.yaml", map[string]string{
		"Address":     n.address(),
		"DNS":         address.DNS,
		"CA":          n.Instance.Path("pki", certs.CA+".crt"),
		"Certificate": n.Instance.Path("pki", certs.KubeletServing+".crt"),
		"Key":         n.Instance.Path("pki", certs.KubeletServing+".key"),
		"Cgroup":      cgroup.Path(n.Instance.Name),
	})
	if err != nil {
		return err
	}
	n.kubelet, err = n.Group.Start("kubelet", exec.Command(filepath.Join(n.Instance.Kubernetes, "kubelet"),
		"--config="+config,
		"--kubeconfig="+kubeconfig,
		"--hostname-override="+n.Instance.Node(),
		"--node-ip="+n.address(),
	))
	return err
}

func (n *Node) startProxy() error {
	kubeconfig, err := n.Plane.Kubeconfig(certs.KubeProxy)
	if err != nil {
		return err
	}
	n.proxy, err = n.Group.Start("kube-proxy", exec.Command(filepath.Join(n.Instance.Kubernetes, "kube-proxy"),
		"--kubeconfig="+kubeconfig,
		"--hostname-override="+n.Instance.Node(),
		"--proxy-mode=iptables",
		"--cluster-cidr="+address.Pods,
		// A Service is reachable this soon after its pod is ready.
		"--iptables-min-sync-period=100ms",
		// The size of the connection table is the host's; only its first network namespace could set it.
		"--conntrack-max-per-core=0",
		"--conntrack-tcp-timeout-established=0",
		"--conntrack-tcp-timeout-close-wait=0",
		"--oom-score-adj=0",
	))
	return err
}

func (n *Node) startDNS(ctx context.Context) error {
	kubeconfig, err := n.Plane.Kubeconfig(certs.CoreDNS)
	if err != nil {
		return err
	}
	values := map[string]string{"Address": n.address(), "DNS": address.DNS, "Kubeconfig": kubeconfig}
	manifest, err := render(n.etc(), "dns.yaml", values)
	if err != nil {
		return err
	}
	if err := n.Plane.Kubectl(ctx, "create", "--validate=false", "--filename="+manifest); err != nil {
		return err
	}
	corefile, err := render(n.etc(), "Corefile", values)
	if err != nil {
		return err
	}
	n.dns, err = n.Group.Start("coredns", exec.Command(n.Instance.CoreDNS, "-conf", corefile))
	return err
}

// resolves asks the Service's address, as pods do, so that it also says whether kube-proxy's rules are there.
func resolves(ctx context.Context) error {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(address.DNS, "53"))
	}}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := resolver.LookupHost(ctx, "kubernetes.default.svc.cluster.local.")
	return err
}

func (n *Node) etc() string     { return n.Instance.Path("etc") }
func (n *Node) address() string { return n.Instance.Plan().Node.String() }
