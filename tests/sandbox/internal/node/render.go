package node

import (
	"bytes"
	"embed"
	"os"
	"path/filepath"
	"text/template"
)

//go:embed containerd.toml cni.conflist kubelet.yaml dns.yaml Corefile
var files embed.FS

var templates = template.Must(template.New("").Option("missingkey=error").ParseFS(files, "*"))

// render writes one of the files above, filled with values, into the folder dir.
func render(dir, name string, values map[string]string) (string, error) {
	var filled bytes.Buffer
	if err := templates.ExecuteTemplate(&filled, name, values); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	return path, os.WriteFile(path, filled.Bytes(), 0o644)
}
