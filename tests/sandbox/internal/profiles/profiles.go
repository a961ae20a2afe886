// Package profiles writes the product's profiles anew for the sandbox: the same installation, from the sandbox's mirror,
// with what its stock Envoy needs.
package profiles

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"kubestock/sandbox/internal/mirror"
)

var names = []string{"demo", "production", "minimal"}

//go:embed overlay.yaml
var overlay []byte

//go:embed layer
var layer embed.FS

// sandboxLayer comes before all other layers, for no sidecar is ready without it.
const sandboxLayer = "{name: sandbox, path: ./layers/sandbox, timeout: 1m}"

// Write reads the profiles of the repository repo and writes them to the folder out, with the layer that they name beside
// them. baseURL is where m is served. Everything that the sandbox does not change stays, comments included.
func Write(repo, out string, m *mirror.Mirror, baseURL string) error {
	if err := writeLayer(filepath.Join(out, "layers", "sandbox")); err != nil {
		return fmt.Errorf("the sandbox's layer: %w", err)
	}
	for _, name := range names {
		file := name + ".yaml"
		profile, err := os.ReadFile(filepath.Join(repo, "profiles", file))
		if err != nil {
			return err
		}
		changed, err := forSandbox(profile, m, baseURL)
		if err != nil {
			return fmt.Errorf("profile %s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(out, file), changed, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func forSandbox(profile []byte, m *mirror.Mirror, baseURL string) ([]byte, error) {
	root, err := parse(profile)
	if err != nil {
		return nil, err
	}
	additions, err := parse(overlay)
	if err != nil {
		return nil, fmt.Errorf("overlay.yaml: %w", err)
	}
	release, err := parse([]byte(source(m, strings.TrimSuffix(baseURL, "/"))))
	if err != nil {
		return nil, err
	}
	istio, err := child(root, "istio", yaml.MappingNode)
	if err != nil {
		return nil, err
	}
	// The mirror is one source, not a wish beside another: nothing of an old one may stay.
	remove(istio, "source")
	if err := merge(istio, release); err != nil {
		return nil, fmt.Errorf("istio.%w", err)
	}
	own, err := child(istio, "overlay", yaml.MappingNode)
	if err != nil {
		return nil, err
	}
	if err := merge(own, additions); err != nil {
		return nil, fmt.Errorf("istio.overlay.%w", err)
	}
	layers, err := child(root, "layers", yaml.SequenceNode)
	if err != nil {
		return nil, err
	}
	first, err := parse([]byte(sandboxLayer))
	if err != nil {
		return nil, err
	}
	layers.Content = append([]*yaml.Node{first}, layers.Content...)

	var written bytes.Buffer
	encoder := yaml.NewEncoder(&written)
	encoder.SetIndent(2)
	if err := encoder.Encode(root); err != nil {
		return nil, err
	}
	return written.Bytes(), encoder.Close()
}

// source is what a profile says of the mirror, the version included: the sandbox's Istio is not the one of the release.
func source(m *mirror.Mirror, baseURL string) string {
	archive := func(a mirror.Archive) string {
		return fmt.Sprintf("{url: %q, sha256: %q}", baseURL+"/"+a.Name, a.SHA256)
	}
	return fmt.Sprintf("version: %q\nsource:\n  archive: %s\n  istioctl: %s\n",
		m.Version, archive(m.Full), archive(m.Istioctl))
}

func writeLayer(to string) error {
	// What is left of an older layer would be part of this one.
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	files, err := fs.Sub(layer, "layer")
	if err != nil {
		return err
	}
	return os.CopyFS(to, files)
}
