package tree

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"
)

func TestFoldersComeBeforeWhatIsInThem(t *testing.T) {
	files := Tree{}
	files.Text("/var/lib/istio/file", "")
	files.Text("etc/group", "")
	var archive bytes.Buffer
	if err := files.Write(&archive); err != nil {
		t.Fatal(err)
	}
	var names []string
	for reader := tar.NewReader(&archive); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
	}
	want := []string{"etc/", "etc/group", "var/", "var/lib/", "var/lib/istio/", "var/lib/istio/file"}
	if !slices.Equal(names, want) {
		t.Errorf("got %q", names)
	}
}
