package plane

import (
	"encoding/base64"
	"fmt"
	"os"

	"kubestock/sandbox/internal/certs"
	"kubestock/sandbox/internal/instance"
)

// A kubeconfig holds its keys in itself, so that it can be copied elsewhere.
const kubeconfig = `apiVersion: v1
kind: Config
clusters:
- name: %[1]s
  cluster:
    server: %[2]s
    certificate-authority-data: %[3]s
users:
- name: %[1]s
  user:
    client-certificate-data: %[4]s
    client-key-data: %[5]s
contexts:
- name: %[1]s
  context:
    cluster: %[1]s
    user: %[1]s
current-context: %[1]s
`

// Kubeconfig writes the kubeconfig of a component and gives its path.
func (p *Plane) Kubeconfig(component string) (string, error) {
	path := p.pki(component + ".kubeconfig")
	return path, writeKubeconfig(p.Instance, path, component)
}

// WriteAdminKubeconfig writes what people and tests use.
func WriteAdminKubeconfig(of *instance.Instance) error {
	return writeKubeconfig(of, of.Path("kubeconfig"), certs.Admin)
}

func writeKubeconfig(of *instance.Instance, path, user string) error {
	var encoded [3]string
	for i, file := range []string{certs.CA + ".crt", user + ".crt", user + ".key"} {
		content, err := os.ReadFile(of.Path("pki", file))
		if err != nil {
			return err
		}
		encoded[i] = base64.StdEncoding.EncodeToString(content)
	}
	content := fmt.Sprintf(kubeconfig, Context(of.Name), of.Plan().Server(), encoded[0], encoded[1], encoded[2])
	return instance.WriteFile(path, []byte(content), 0o600)
}

// Context is the name of an instance's context.
func Context(name string) string {
	return "kubestock-sandbox-" + name
}
