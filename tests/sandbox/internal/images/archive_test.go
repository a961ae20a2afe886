package images

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kubestock/sandbox/internal/tree"
)

func sample(t *testing.T, source string) image {
	t.Helper()
	l := tree.Tree{}
	l.Text("etc/passwd", "root:x:0:0::/:/bin/sh\n")
	l.Dir("tmp", 0o1777, 0)
	l.Link("bin/sh", "busybox")
	l.Copy("bin/busybox", source, 0o755)
	return image{Name: "docker.io/library/sample:1", Layers: []tree.Tree{l, l}, Start: start{Entrypoint: []string{"/bin/sh"}}}
}

func contents(t *testing.T, archive io.Reader) (names []string, files map[string][]byte) {
	t.Helper()
	files = map[string][]byte{}
	for reader := tar.NewReader(archive); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return names, files
		}
		if err != nil {
			t.Fatal(err)
		}
		if !header.ModTime.Equal(time.Unix(0, 0)) {
			t.Errorf("%s has the time %s", header.Name, header.ModTime)
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
		files[header.Name] = content
	}
}

func TestTheSameFilesMakeTheSameArchiveAtAnyTime(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "busybox")
	var written [][]byte
	for _, day := range []int{1, 2} {
		if err := os.WriteFile(source, []byte("program"), 0o600); err != nil {
			t.Fatal(err)
		}
		stamp := time.Date(2024, 1, day, 0, 0, 0, 0, time.UTC)
		if err := os.Chtimes(source, stamp, stamp); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "image.tar")
		if err := writeArchive(path, dir, sample(t, source)); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		written = append(written, content)
	}
	if !bytes.Equal(written[0], written[1]) {
		t.Error("the archives differ")
	}
}

func TestAnArchiveNamesItsImageInFullAndHoldsALayerOnce(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "busybox")
	if err := os.WriteFile(source, []byte("program"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "image.tar")
	if err := writeArchive(path, dir, sample(t, source)); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	names, files := contents(t, file)
	if len(names) != 5 {
		t.Errorf("a layer, a configuration, a manifest, the index and the layout were wanted; got %q", names)
	}
	var index struct{ Manifests []descriptor }
	if err := json.Unmarshal(files["index.json"], &index); err != nil {
		t.Fatal(err)
	}
	if got := index.Manifests[0].Annotations["io.containerd.image.name"]; got != "docker.io/library/sample:1" {
		t.Errorf("got %q", got)
	}
}
