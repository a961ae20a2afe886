package certs

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"

	"kubestock/sandbox/internal/address"
)

func TestTheAPIServerIsTrustedUnderEveryNameItIsCalledBy(t *testing.T) {
	dir := written(t)
	for _, name := range []string{"198.19.77.14", "10.96.0.1", "127.0.0.1", "localhost", "kubernetes.default.svc"} {
		if err := verify(t, dir, CA, APIServer, x509.VerifyOptions{DNSName: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := verify(t, dir, CA, APIServer, x509.VerifyOptions{DNSName: "198.19.77.18"}); err == nil {
		t.Error("it passes for the API server of the next instance")
	}
}

func TestTheKubeletServesUnderItsNodesAddress(t *testing.T) {
	if err := verify(t, written(t), CA, KubeletServing, x509.VerifyOptions{DNSName: "198.19.77.14"}); err != nil {
		t.Error(err)
	}
}

func TestClientsAreWhoTheBuiltInRolesName(t *testing.T) {
	dir := written(t)
	cases := map[string][2]string{
		Kubelet:           {"system:node:demo-node", "system:nodes"},
		ControllerManager: {"system:kube-controller-manager", ""},
		Scheduler:         {"system:kube-scheduler", ""},
		KubeProxy:         {"system:kube-proxy", ""},
		Admin:             {"kubestock-sandbox", "system:masters"},
	}
	clients := x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	for name, want := range cases {
		subject := load(t, dir, name).Subject
		group := ""
		if len(subject.Organization) > 0 {
			group = subject.Organization[0]
		}
		if subject.CommonName != want[0] || group != want[1] {
			t.Errorf("%s is %q in %q", name, subject.CommonName, group)
		}
		if err := verify(t, dir, CA, name, clients); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheFrontProxyIsNoClientOfTheCluster(t *testing.T) {
	dir := written(t)
	clients := x509.VerifyOptions{KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if err := verify(t, dir, FrontProxyCA, FrontProxy, clients); err != nil {
		t.Error(err)
	}
	if err := verify(t, dir, CA, FrontProxy, clients); err == nil {
		t.Error("the cluster's own authority vouches for the front proxy: it could name itself anyone")
	}
}

func TestKeysAreTheOwnersAlone(t *testing.T) {
	dir := written(t)
	keys, _ := filepath.Glob(filepath.Join(dir, "*.key"))
	for _, key := range keys {
		if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", key, info.Mode(), err)
		}
	}
}

func written(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := Write(dir, address.ForSlot(3), "demo-node"); err != nil {
		t.Fatal(err)
	}
	return dir
}

func load(t *testing.T, dir, name string) *x509.Certificate {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key"))
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf
}

func verify(t *testing.T, dir, signer, name string, options x509.VerifyOptions) error {
	t.Helper()
	options.Roots = x509.NewCertPool()
	options.Roots.AddCert(load(t, dir, signer))
	_, err := load(t, dir, name).Verify(options)
	return err
}
