package sandbox

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"kubestock/sandbox/internal/images"
	"kubestock/sandbox/internal/instance"
	"kubestock/sandbox/internal/istio"
)

// contents is what an instance has to run and to install from.
type contents struct {
	images   []string
	istioctl string
	mirror   bool
}

func gatherContents(ctx context.Context, cacheDir string, log *Log) (contents, error) {
	tarballs, err := images.Ensure(ctx, cacheDir, log)
	if err != nil {
		return contents{}, err
	}
	built, err := istio.Ensure(ctx, cacheDir, log)
	if err != nil {
		return contents{}, err
	}
	return contents{images: tarballs, istioctl: built.Istioctl}, nil
}

// writeEnv writes what a shell sources to use the instance.
func writeEnv(of *instance.Instance, contents contents) error {
	lines := []string{
		"KUBECONFIG=" + of.Path("kubeconfig"),
		"KUBECTL=" + filepath.Join(of.Kubernetes, "kubectl"),
		"ISTIOCTL=" + contents.istioctl,
		"MIRROR_URL=" + of.MirrorURL,
	}
	var text strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&text, "export %s\n", line)
	}
	return instance.WriteFile(of.Path("env"), []byte(text.String()), 0o644)
}
