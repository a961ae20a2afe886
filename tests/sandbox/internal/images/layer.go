package images

import (
	"archive/tar"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
)

// entry is one file of a layer: a folder, a link, a text, or a copy of a file of this machine.
type entry struct {
	Type   byte // as archive/tar has it
	Mode   int64
	Owner  int
	Target string `json:",omitempty"` // of a link
	Text   string `json:",omitempty"`
	Source string `json:",omitempty"` // on this machine
}

// layer is the files of a layer by their path in the image, without a leading slash.
type layer map[string]entry

func (l layer) dir(name string, mode int64, owner int) {
	l.put(name, entry{Type: tar.TypeDir, Mode: mode, Owner: owner})
}

func (l layer) link(name, target string) {
	l.put(name, entry{Type: tar.TypeSymlink, Mode: 0o777, Target: target})
}

func (l layer) text(name, text string) {
	l.put(name, entry{Type: tar.TypeReg, Mode: 0o644, Text: text})
}

func (l layer) copy(name, source string, mode int64) {
	l.put(name, entry{Type: tar.TypeReg, Mode: mode, Source: source})
}

// put adds the folders above, too: an unpacker would make them, but with a mode and a time of its own choice.
func (l layer) put(name string, file entry) {
	name = path.Clean("/" + name)[1:]
	for parent := path.Dir(name); parent != "."; parent = path.Dir(parent) {
		if _, there := l[parent]; !there {
			l[parent] = entry{Type: tar.TypeDir, Mode: 0o755}
		}
	}
	l[name] = file
}

// write writes the layer as a tar archive that depends on nothing but what is in the files: sorted, with no times and no
// names of users. The order puts every folder before what is in it.
func (l layer) write(to io.Writer) error {
	archive := tar.NewWriter(to)
	for _, name := range slices.Sorted(maps.Keys(l)) {
		if err := l[name].write(archive, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return archive.Close()
}

func (e entry) write(archive *tar.Writer, name string) error {
	header := &tar.Header{Typeflag: e.Type, Name: name, Mode: e.Mode, Uid: e.Owner, Gid: e.Owner, Linkname: e.Target}
	if e.Type == tar.TypeDir {
		header.Name += "/"
	}
	if e.Source == "" {
		header.Size = int64(len(e.Text))
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		_, err := io.WriteString(archive, e.Text)
		return err
	}
	source, err := os.Open(e.Source)
	if err != nil {
		return err
	}
	defer source.Close()
	about, err := source.Stat()
	if err != nil {
		return err
	}
	header.Size = about.Size()
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(archive, source)
	return err
}
