// Package mirror makes the archives of an Istio release out of what is built here, and serves them as a download site does.
package mirror

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"kubestock/sandbox/internal/cache"
	"kubestock/sandbox/internal/istio"
	"kubestock/sandbox/internal/tree"
)

// Archive is one archive of the release.
type Archive struct {
	Name string
	// SHA256 is in lower-case hexadecimal digits.
	SHA256 string
}

// Mirror is a folder with a release in it.
type Mirror struct {
	Dir string
	// Version is the release's, which is in the names of the archives.
	Version string
	// Full holds istioctl and the addons, Istioctl istioctl alone.
	Full, Istioctl Archive
}

// Ensure packs the release, unless the folder cache has it from this build of Istio.
func Ensure(ctx context.Context, cacheDir string, log io.Writer) (*Mirror, error) {
	built, err := istio.Ensure(ctx, cacheDir, log)
	if err != nil {
		return nil, err
	}
	mirror := &Mirror{
		// A build is named by a hash of all it was made from; the release is made from nothing else.
		Dir:      filepath.Join(cacheDir, "mirror-"+filepath.Base(filepath.Dir(built.Istioctl))),
		Version:  istio.Version,
		Full:     Archive{Name: archiveName("istio")},
		Istioctl: Archive{Name: archiveName("istioctl")},
	}
	err = cache.Fill(ctx, mirror.Dir, func(unfinished string) error {
		fmt.Fprintf(log, "packing Istio %s\n", istio.Version)
		full, err := fullRelease(built)
		if err != nil {
			return err
		}
		if err := pack(full, unfinished, mirror.Full.Name); err != nil {
			return err
		}
		return pack(istioctlAlone(built), unfinished, mirror.Istioctl.Name)
	})
	if err != nil {
		return nil, fmt.Errorf("packing the release: %w", err)
	}
	for _, archive := range []*Archive{&mirror.Full, &mirror.Istioctl} {
		if archive.SHA256, err = readDigest(mirror.Dir, archive.Name); err != nil {
			return nil, err
		}
	}
	return mirror, nil
}

// Serve answers requests for the archives until the listener is closed, ranges among them: the product resumes downloads.
func (m *Mirror) Serve(l net.Listener) error {
	server := &http.Server{Handler: http.FileServer(http.Dir(m.Dir)), ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(l)
}

// archiveName names an archive as Istio's release does for this platform; the sandbox runs on Linux only.
func archiveName(stem string) string {
	return fmt.Sprintf("%s-%s-linux-%s.tar.gz", stem, istio.Version, runtime.GOARCH)
}

func fullRelease(built *istio.Build) (tree.Tree, error) {
	root := "istio-" + istio.Version
	release := tree.Tree{}
	release.Copy(root+"/bin/istioctl", built.Istioctl, 0o755)
	for _, name := range []string{"LICENSE", "README.md"} {
		release.Copy(root+"/"+name, filepath.Join(built.Module, name), 0o644)
	}
	addons, err := filepath.Glob(filepath.Join(built.Module, "samples", "addons", "*.yaml"))
	if err != nil {
		return nil, err
	}
	if len(addons) == 0 {
		return nil, fmt.Errorf("no addons in %s", built.Module)
	}
	for _, addon := range addons {
		release.Copy(root+"/samples/addons/"+filepath.Base(addon), addon, 0o644)
	}
	return release, nil
}

func istioctlAlone(built *istio.Build) tree.Tree {
	release := tree.Tree{}
	release.Copy("istioctl", built.Istioctl, 0o755)
	return release
}

// pack writes an archive, and beside it a file with its digest in the form that Istio publishes.
func pack(release tree.Tree, dir, name string) error {
	file, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	defer file.Close()
	hash := sha256.New()
	// No time and no name in gzip's header: the archive depends on the files alone.
	compressed := gzip.NewWriter(io.MultiWriter(file, hash))
	if err := release.Write(compressed); err != nil {
		return err
	}
	if err := compressed.Close(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	line := hex.EncodeToString(hash.Sum(nil)) + " " + name + "\n"
	return os.WriteFile(filepath.Join(dir, name+".sha256"), []byte(line), 0o644)
}

func readDigest(dir, name string) (string, error) {
	line, err := os.ReadFile(filepath.Join(dir, name+".sha256"))
	if err != nil {
		return "", err
	}
	digest, _, found := strings.Cut(string(line), " ")
	if !found || len(digest) != hex.EncodedLen(sha256.Size) {
		return "", fmt.Errorf("%s.sha256 holds no digest: %q", name, line)
	}
	return digest, nil
}
