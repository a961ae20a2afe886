// Package certs makes the keys and certificates of one cluster. They are new at each start and die with the instance.
package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"kubestock/sandbox/internal/address"
)

// lifetime is longer than any instance lives.
const lifetime = 365 * 24 * time.Hour

// Files of the folder that Write fills. Each name stands for NAME.crt and NAME.key.
const (
	CA                = "ca"
	FrontProxyCA      = "front-proxy-ca"
	FrontProxy        = "front-proxy"
	APIServer         = "apiserver"
	APIServerKubelet  = "apiserver-kubelet"
	Kubelet           = "kubelet"
	KubeletServing    = "kubelet-serving"
	KubeProxy         = "kube-proxy"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	CoreDNS           = "coredns"
	Admin             = "admin"
	// ServiceAccounts is a key without a certificate: NAME.key and NAME.pub.
	ServiceAccounts = "service-accounts"
)

// leaf is what one certificate says.
type leaf struct {
	file   string
	signer string
	// user and group are who the API server takes the bearer for.
	user, group string
	hosts       []string
}

// leaves lists the certificates of a cluster, with the users that Kubernetes' built-in roles are bound to.
func leaves(plan address.Plan, node string) []leaf {
	return []leaf{
		{file: APIServer, signer: CA, user: "kube-apiserver", hosts: []string{
			"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
			"localhost", "127.0.0.1", address.API, plan.Node.String(),
		}},
		{file: APIServerKubelet, signer: CA, user: "kube-apiserver-kubelet-client", group: "system:masters"},
		{file: Kubelet, signer: CA, user: "system:node:" + node, group: "system:nodes"},
		{file: KubeletServing, signer: CA, user: "system:node:" + node, hosts: []string{node, plan.Node.String()}},
		{file: KubeProxy, signer: CA, user: "system:kube-proxy"},
		{file: ControllerManager, signer: CA, user: "system:kube-controller-manager"},
		{file: Scheduler, signer: CA, user: "system:kube-scheduler"},
		{file: CoreDNS, signer: CA, user: "system:coredns"},
		{file: Admin, signer: CA, user: "kubestock-sandbox", group: "system:masters"},
		{file: FrontProxy, signer: FrontProxyCA, user: "front-proxy"},
	}
}

// Write fills the folder dir, which only its owner can read.
func Write(dir string, plan address.Plan, node string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	authorities := make(map[string]*authority)
	for _, name := range []string{CA, FrontProxyCA} {
		made, err := newAuthority(name)
		if err != nil {
			return err
		}
		authorities[name] = made
		if err := writePair(dir, name, made.certificate.Raw, made.key); err != nil {
			return err
		}
	}
	for _, each := range leaves(plan, node) {
		certificate, key, err := authorities[each.signer].sign(each)
		if err != nil {
			return fmt.Errorf("certificate %s: %w", each.file, err)
		}
		if err := writePair(dir, each.file, certificate, key); err != nil {
			return err
		}
	}
	return writeSigningKey(dir)
}

type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "kubestock-sandbox-" + name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(lifetime),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(raw)
	return &authority{certificate, key}, err
}

func (a *authority) sign(of leaf) ([]byte, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: of.user},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(lifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if of.group != "" {
		template.Subject.Organization = []string{of.group}
	}
	if len(of.hosts) > 0 {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	for _, host := range of.hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	return raw, key, err
}

// writeSigningKey writes the key that signs service accounts' tokens.
func writeSigningKey(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, ServiceAccounts+".pub"), "PUBLIC KEY", public); err != nil {
		return err
	}
	return writeKey(dir, ServiceAccounts, key)
}

func writePair(dir, name string, certificate []byte, key *ecdsa.PrivateKey) error {
	if err := writePEM(filepath.Join(dir, name+".crt"), "CERTIFICATE", certificate); err != nil {
		return err
	}
	return writeKey(dir, name, key)
}

func writeKey(dir, name string, key *ecdsa.PrivateKey) error {
	raw, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(filepath.Join(dir, name+".key"), "EC PRIVATE KEY", raw)
}

func writePEM(path, kind string, raw []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: raw}), 0o600)
}
