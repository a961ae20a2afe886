// Package plane runs the control plane: etcd, the API server, the controllers and the scheduler.
package plane

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"kubestock/sandbox/internal/address"
	"kubestock/sandbox/internal/certs"
	"kubestock/sandbox/internal/instance"
	"kubestock/sandbox/internal/process"
)

// etcdClients is where etcd listens, without TLS: nobody but the instance reaches the box's own loopback.
const etcdClients = "http://127.0.0.1:2379"

// A start takes seconds; these leave room for a machine that compiles something at the same time.
const (
	etcdLimit      = 60 * time.Second
	apiServerLimit = 120 * time.Second
)

// Plane starts components of one instance.
type Plane struct {
	Instance *instance.Instance
	Group    *process.Group
}

// Start brings the API server up, and the controllers and the scheduler on their way.
func (p *Plane) Start(ctx context.Context) error {
	if err := p.startEtcd(ctx); err != nil {
		return err
	}
	if err := p.startAPIServer(ctx); err != nil {
		return err
	}
	if err := p.startControllerManager(); err != nil {
		return err
	}
	return p.startScheduler()
}

func (p *Plane) startEtcd(ctx context.Context) error {
	etcd, err := p.Group.Start("etcd", p.command("etcd",
		"--name=sandbox",
		"--data-dir="+p.Instance.Path("etcd"),
		"--listen-client-urls="+etcdClients,
		"--advertise-client-urls="+etcdClients,
		"--listen-peer-urls=http://127.0.0.1:2380",
		"--initial-advertise-peer-urls=http://127.0.0.1:2380",
		"--initial-cluster=sandbox=http://127.0.0.1:2380",
		// What is lost with the machine's power may be lost.
		"--unsafe-no-fsync",
		"--log-level=warn",
	))
	if err != nil {
		return err
	}
	return etcd.Await(ctx, etcdLimit, "health", func(ctx context.Context) error {
		return answers(ctx, http.DefaultClient, etcdClients+"/health")
	})
}

func (p *Plane) startAPIServer(ctx context.Context) error {
	plan := p.Instance.Plan()
	apiServer, err := p.Group.Start("kube-apiserver", p.command("kube-apiserver",
		"--etcd-servers="+etcdClients,
		"--advertise-address="+plan.Node.String(),
		fmt.Sprintf("--secure-port=%d", address.APIPort),
		"--service-cluster-ip-range="+address.Services,
		"--tls-cert-file="+p.certificate(certs.APIServer),
		"--tls-private-key-file="+p.key(certs.APIServer),
		"--client-ca-file="+p.certificate(certs.CA),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file="+p.pki(certs.ServiceAccounts+".pub"),
		"--service-account-signing-key-file="+p.key(certs.ServiceAccounts),
		"--kubelet-client-certificate="+p.certificate(certs.APIServerKubelet),
		"--kubelet-client-key="+p.key(certs.APIServerKubelet),
		"--kubelet-certificate-authority="+p.certificate(certs.CA),
		"--kubelet-preferred-address-types=InternalIP",
		"--requestheader-client-ca-file="+p.certificate(certs.FrontProxyCA),
		"--requestheader-allowed-names=front-proxy",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User",
		"--proxy-client-cert-file="+p.certificate(certs.FrontProxy),
		"--proxy-client-key-file="+p.key(certs.FrontProxy),
		"--profiling=false",
	))
	if err != nil {
		return err
	}
	client, err := NewClient(p.Instance)
	if err != nil {
		return err
	}
	return apiServer.Await(ctx, apiServerLimit, "readiness", client.Ready)
}

func (p *Plane) startControllerManager() error {
	kubeconfig, err := p.Kubeconfig(certs.ControllerManager)
	if err != nil {
		return err
	}
	manager := p.controller("kube-controller-manager",
		"--kubeconfig="+kubeconfig,
		"--authentication-kubeconfig="+kubeconfig,
		"--authorization-kubeconfig="+kubeconfig,
		"--bind-address=127.0.0.1",
		"--leader-elect=false",
		"--use-service-account-credentials",
		"--service-account-private-key-file="+p.key(certs.ServiceAccounts),
		"--root-ca-file="+p.certificate(certs.CA),
		"--cluster-signing-cert-file="+p.certificate(certs.CA),
		"--cluster-signing-key-file="+p.key(certs.CA),
		"--profiling=false",
	)
	if p.Instance.QPS > 0 {
		// Nodes are not gone whose heartbeats starve beside controllers that ask that often.
		manager.Args = append(manager.Args, "--node-monitor-grace-period=30m")
	}
	_, err = p.Group.Start("kube-controller-manager", manager)
	return err
}

func (p *Plane) startScheduler() error {
	kubeconfig, err := p.Kubeconfig(certs.Scheduler)
	if err != nil {
		return err
	}
	_, err = p.Group.Start("kube-scheduler", p.controller("kube-scheduler",
		"--kubeconfig="+kubeconfig,
		"--authentication-kubeconfig="+kubeconfig,
		"--authorization-kubeconfig="+kubeconfig,
		"--bind-address=127.0.0.1",
		"--leader-elect=false",
		"--profiling=false",
	))
	return err
}

// Kubectl runs kubectl with all rights.
func (p *Plane) Kubectl(ctx context.Context, arguments ...string) error {
	command := exec.CommandContext(ctx, filepath.Join(p.Instance.Kubernetes, "kubectl"), arguments...)
	command.Env = append(os.Environ(), "KUBECONFIG="+p.Instance.Path("kubeconfig"))
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("kubectl %s: %w\n%s", arguments[0], err, output)
	}
	return nil
}

// command is a component by its name.
func (p *Plane) command(name string, arguments ...string) *exec.Cmd {
	return exec.Command(filepath.Join(p.Instance.Kubernetes, name), arguments...)
}

// controller is a component that asks the API server, as often as the instance has it.
func (p *Plane) controller(name string, arguments ...string) *exec.Cmd {
	if rate := p.Instance.QPS; rate > 0 {
		arguments = append(arguments, fmt.Sprintf("--kube-api-qps=%d", rate), fmt.Sprintf("--kube-api-burst=%d", rate))
	}
	return p.command(name, arguments...)
}

func (p *Plane) pki(file string) string         { return p.Instance.Path("pki", file) }
func (p *Plane) certificate(name string) string { return p.pki(name + ".crt") }
func (p *Plane) key(name string) string         { return p.pki(name + ".key") }
