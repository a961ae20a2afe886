package profiles

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"kubestock/sandbox/internal/mirror"
)

var release = &mirror.Mirror{
	Version:  "1.2.3",
	Full:     mirror.Archive{Name: "istio-1.2.3.tar.gz", SHA256: "aa"},
	Istioctl: mirror.Archive{Name: "istioctl-1.2.3.tar.gz", SHA256: "bb"},
}

const product = `# What a laptop can show.
description: demo
istio:
  version: 1.18.0
  source: {mirror: "https://mirror.test/"}
  overlay:
    values:
      pilot:
        env: {MINE: "1"}
      global:
        # Counts against the quota.
        proxy: {privileged: false}
layers:
  - name: base
    path: base
`

func TestAProfileKeepsWhatTheSandboxDoesNotChange(t *testing.T) {
	changed, err := forSandbox([]byte(product), release, "http://127.0.0.1:8000/")
	if err != nil {
		t.Fatal(err)
	}
	for _, comment := range []string{"# What a laptop can show.", "# Counts against the quota."} {
		if !strings.Contains(string(changed), comment) {
			t.Errorf("%q went missing from\n%s", comment, changed)
		}
	}
	var got map[string]any
	if err := yaml.Unmarshal(changed, &got); err != nil {
		t.Fatal(err)
	}
	istio := got["istio"].(map[string]any)
	values := istio["overlay"].(map[string]any)["values"].(map[string]any)
	for what, pair := range map[string][2]any{
		"version": {istio["version"], "1.2.3"},
		"source": {istio["source"], map[string]any{
			"archive":  map[string]any{"url": "http://127.0.0.1:8000/istio-1.2.3.tar.gz", "sha256": "aa"},
			"istioctl": map[string]any{"url": "http://127.0.0.1:8000/istioctl-1.2.3.tar.gz", "sha256": "bb"},
		}},
		"global": {values["global"], map[string]any{"proxy": map[string]any{"privileged": false}}},
		"env": {values["pilot"].(map[string]any)["env"], map[string]any{
			"MINE": "1", "PILOT_ENABLE_METADATA_EXCHANGE": "false", "PILOT_ENABLE_ALPN_FILTER": "false",
		}},
		"layers": {got["layers"], []any{
			map[string]any{"name": "sandbox", "path": "./layers/sandbox", "timeout": "1m"},
			map[string]any{"name": "base", "path": "base"},
		}},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: got %v, want %v", what, pair[0], pair[1])
		}
	}
}

func TestAProfileWithoutAnOverlayGetsOne(t *testing.T) {
	changed, err := forSandbox([]byte("istio: {version: 1.18.0}\nlayers: []\n"), release, "http://127.0.0.1:8000")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(changed), "PILOT_ENABLE_ALPN_FILTER") {
		t.Errorf("got\n%s", changed)
	}
}

func TestAMappingGivesWayToNothing(t *testing.T) {
	profile := "istio: {overlay: {values: {telemetry: yes}}}\nlayers: []\n"
	_, err := forSandbox([]byte(profile), release, "http://127.0.0.1:8000")
	if err == nil || !strings.HasPrefix(err.Error(), "istio.overlay.values.telemetry:") {
		t.Errorf("got %v", err)
	}
}

func TestALayerIsWrittenBesideTheProfiles(t *testing.T) {
	repo, out := t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(repo, "profiles"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(repo, "profiles", name+".yaml"), []byte(product), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := Write(repo, out, release, "http://127.0.0.1:8000"); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{
		"demo.yaml", "production.yaml", "minimal.yaml",
		"layers/sandbox/kustomization.yaml", "layers/sandbox/envoyfilter.yaml",
	} {
		if _, err := os.Stat(filepath.Join(out, file)); err != nil {
			t.Error(err)
		}
	}
}
