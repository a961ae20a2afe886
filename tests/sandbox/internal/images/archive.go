package images

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"kubestock/sandbox/internal/tree"
)

// Media types of the OCI image specification, 1.1. Layers are not compressed: they never leave this machine.
const (
	indexType    = "application/vnd.oci.image.index.v1+json"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	configType   = "application/vnd.oci.image.config.v1+json"
	layerType    = "application/vnd.oci.image.layer.v1.tar"
)

type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int64             `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Platform    *platform         `json:"platform,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
}

// archive is an OCI image layout in a tar file, as it is written: every blob once, the index last.
type archive struct {
	tar   *tar.Writer
	spool string
	blobs map[string]bool
}

// writeArchive writes image to `path`; layers pass through files in the folder spool, for a tar header must know the size.
func writeArchive(path, spool string, image image) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	out := &archive{tar: tar.NewWriter(file), spool: spool, blobs: map[string]bool{}}
	if err := out.image(image); err != nil {
		return fmt.Errorf("%s: %w", image.Name, err)
	}
	if err := out.tar.Close(); err != nil {
		return err
	}
	return file.Close()
}

func (a *archive) image(image image) error {
	here := &platform{Architecture: runtime.GOARCH, OS: runtime.GOOS}
	layers := []descriptor{}
	contents := []string{}
	for _, each := range image.Layers {
		written, err := a.layer(each)
		if err != nil {
			return err
		}
		layers = append(layers, written)
		contents = append(contents, written.Digest)
	}
	config, err := a.json(configType, map[string]any{
		"architecture": here.Architecture,
		"os":           here.OS,
		"config":       image.Start,
		"rootfs":       map[string]any{"type": "layers", "diff_ids": contents},
	})
	if err != nil {
		return err
	}
	manifest, err := a.json(manifestType, map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "config": config, "layers": layers,
	})
	if err != nil {
		return err
	}
	manifest.Platform = here
	manifest.Annotations = map[string]string{
		// The first is containerd's own and wins there; the second is what other tools read.
		"io.containerd.image.name":          image.Name,
		"org.opencontainers.image.ref.name": image.Name,
	}
	index, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": indexType, "manifests": []descriptor{manifest},
	})
	if err != nil {
		return err
	}
	if err := a.file("index.json", int64(len(index)), bytes.NewReader(index)); err != nil {
		return err
	}
	layout := `{"imageLayoutVersion":"1.0.0"}`
	return a.file("oci-layout", int64(len(layout)), strings.NewReader(layout))
}

func (a *archive) layer(layer tree.Tree) (descriptor, error) {
	spooled, err := os.Create(filepath.Join(a.spool, "layer"))
	if err != nil {
		return descriptor{}, err
	}
	defer os.Remove(spooled.Name())
	defer spooled.Close()
	hash := sha256.New()
	if err := layer.Write(io.MultiWriter(spooled, hash)); err != nil {
		return descriptor{}, err
	}
	size, err := spooled.Seek(0, io.SeekCurrent)
	if err != nil {
		return descriptor{}, err
	}
	if _, err := spooled.Seek(0, io.SeekStart); err != nil {
		return descriptor{}, err
	}
	return a.blob(layerType, hash.Sum(nil), size, spooled)
}

func (a *archive) json(mediaType string, value any) (descriptor, error) {
	content, err := json.Marshal(value)
	if err != nil {
		return descriptor{}, err
	}
	sum := sha256.Sum256(content)
	return a.blob(mediaType, sum[:], int64(len(content)), bytes.NewReader(content))
}

func (a *archive) blob(mediaType string, sum []byte, size int64, content io.Reader) (descriptor, error) {
	name := fmt.Sprintf("blobs/sha256/%x", sum)
	written := descriptor{MediaType: mediaType, Digest: fmt.Sprintf("sha256:%x", sum), Size: size}
	if a.blobs[name] {
		return written, nil
	}
	a.blobs[name] = true
	return written, a.file(name, size, content)
}

func (a *archive) file(name string, size int64, content io.Reader) error {
	if err := a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: size}); err != nil {
		return err
	}
	_, err := io.Copy(a.tar, content)
	return err
}
