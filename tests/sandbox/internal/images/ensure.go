package images

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kubestock/sandbox/internal/cache"
	"kubestock/sandbox/internal/istio"
)

// Ensure makes the sandbox's images, unless the folder cache has them from the same files, and returns the paths of the
// archives, sorted. What is not in Debian's packages (see [Packages]) is built or fetched first; log hears of it.
func Ensure(ctx context.Context, cacheDir string, log io.Writer) ([]string, error) {
	if err := hostFiles(); err != nil {
		return nil, err
	}
	built, err := istio.Ensure(ctx, cacheDir, log)
	if err != nil {
		return nil, err
	}
	envoy, err := ensureEnvoy(ctx, cacheDir, log)
	if err != nil {
		return nil, err
	}
	standin, err := ensureStandin(ctx, cacheDir, log)
	if err != nil {
		return nil, err
	}
	images, err := programs{built, envoy, standin}.compose(ctx)
	if err != nil {
		return nil, fmt.Errorf("composing the images: %w", err)
	}
	key, err := imagesKey(images)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(cacheDir, "images-"+key)
	err = cache.Fill(ctx, dir, func(unfinished string) error {
		fmt.Fprintf(log, "writing %d images\n", len(images))
		for _, image := range images {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := writeArchive(filepath.Join(unfinished, fileName(image.Name)), unfinished, image); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("images: %w", err)
	}
	return filepath.Glob(filepath.Join(dir, "*.tar"))
}

func fileName(image string) string {
	return strings.NewReplacer("/", "_", ":", "_").Replace(image) + ".tar"
}

// imagesKey names what images are made from. Files of this machine are told by size and time, as make does, for hashing
// 400 MB at every start is what the cache is there to save.
func imagesKey(images []image) (string, error) {
	key := sha256.New()
	if err := json.NewEncoder(key).Encode(images); err != nil {
		return "", err
	}
	sources := map[string]bool{}
	for _, image := range images {
		for _, layer := range image.Layers {
			for _, file := range layer {
				sources[file.Source] = true
			}
		}
	}
	delete(sources, "")
	for _, source := range slices.Sorted(maps.Keys(sources)) {
		about, err := os.Stat(source)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(key, source, about.Size(), about.ModTime().UnixNano())
	}
	return fmt.Sprintf("%x", key.Sum(nil)[:8]), nil
}
