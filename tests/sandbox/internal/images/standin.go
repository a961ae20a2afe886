package images

import (
	"context"
	"crypto/sha256"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"kubestock/sandbox/internal/cache"
)

//go:embed standin/addon.go standin/echo.go standin/main.go standin/pause.go standin/probe.go standin/serve.go
var standinSource embed.FS

// ensureStandin builds the program that stands in for what cannot be had, from the source that is part of this package.
func ensureStandin(ctx context.Context, cacheDir string, log io.Writer) (string, error) {
	key := sha256.New()
	fmt.Fprintln(key, runtime.Version(), runtime.GOARCH)
	source, err := fs.Sub(standinSource, "standin")
	if err != nil {
		return "", err
	}
	files, err := fs.ReadDir(source, ".")
	if err != nil {
		return "", err
	}
	for _, file := range files {
		content, err := fs.ReadFile(source, file.Name())
		if err != nil {
			return "", err
		}
		fmt.Fprintf(key, "%s %d\n%s", file.Name(), len(content), content)
	}
	dir := filepath.Join(cacheDir, fmt.Sprintf("standin-%x", key.Sum(nil)[:8]))
	err = cache.Fill(ctx, dir, func(unfinished string) error {
		folder := filepath.Join(unfinished, "source")
		if err := os.CopyFS(folder, source); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module standin\n\ngo 1.26\n"), 0o644); err != nil {
			return err
		}
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", "../standin", ".")
		build.Dir = folder
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		build.Stdout, build.Stderr = log, log
		return build.Run()
	})
	if err != nil {
		return "", fmt.Errorf("building the stand-in: %w", err)
	}
	return filepath.Join(dir, "standin"), nil
}
