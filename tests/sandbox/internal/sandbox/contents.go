package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"kubestock/sandbox/internal/images"
	"kubestock/sandbox/internal/instance"
	"kubestock/sandbox/internal/istio"
	"kubestock/sandbox/internal/mirror"
	"kubestock/sandbox/internal/profiles"
)

// repository is the product's, from this module's folder, where the driver is started.
const repository = "../.."

// contents is what an instance has to run and to install from.
type contents struct {
	images   []string
	istioctl string
	mirror   *mirror.Mirror
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
	release, err := mirror.Ensure(ctx, cacheDir, log)
	if err != nil {
		return contents{}, err
	}
	return contents{tarballs, built.Istioctl, release}, nil
}

// writeProfiles writes the product's profiles so that they install from the instance's mirror.
func writeProfiles(of *instance.Instance, release *mirror.Mirror, log *Log) error {
	if _, err := os.Stat(filepath.Join(repository, "profiles")); errors.Is(err, fs.ErrNotExist) {
		log.Say("the repository has no profiles to write anew")
		return nil
	}
	if err := profiles.Write(repository, of.Path("profiles"), release, of.MirrorURL); err != nil {
		return fmt.Errorf("writing profiles: %w", err)
	}
	return nil
}

// writeEnv writes what a shell sources to use the instance.
func writeEnv(of *instance.Instance, istioctl string) error {
	lines := []string{
		"KUBECONFIG=" + of.Path("kubeconfig"),
		"KUBECTL=" + filepath.Join(of.Kubernetes, "kubectl"),
		"ISTIOCTL=" + istioctl,
		"MIRROR_URL=" + of.MirrorURL,
	}
	var text strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&text, "export %s\n", line)
	}
	return instance.WriteFile(of.Path("env"), []byte(text.String()), 0o644)
}
