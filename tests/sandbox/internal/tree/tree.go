// Package tree writes tar archives that depend on nothing but what is in them, so that their digests are stable.
package tree

import (
	"archive/tar"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
)

// Entry is one file: a folder, a link, a text, or a copy of a file of this machine.
type Entry struct {
	Type   byte // as archive/tar has it
	Mode   int64
	Owner  int
	Target string `json:",omitempty"` // of a link
	Text   string `json:",omitempty"`
	Source string `json:",omitempty"` // on this machine
}

// Tree is files by their path in the archive, without a leading slash.
type Tree map[string]Entry

// Dir adds a folder.
func (t Tree) Dir(name string, mode int64, owner int) {
	t.put(name, Entry{Type: tar.TypeDir, Mode: mode, Owner: owner})
}

// Link adds a symbolic link.
func (t Tree) Link(name, target string) {
	t.put(name, Entry{Type: tar.TypeSymlink, Mode: 0o777, Target: target})
}

// Text adds a file with this content.
func (t Tree) Text(name, text string) {
	t.put(name, Entry{Type: tar.TypeReg, Mode: 0o644, Text: text})
}

// Copy adds a file of this machine, which is read when the archive is written.
func (t Tree) Copy(name, source string, mode int64) {
	t.put(name, Entry{Type: tar.TypeReg, Mode: mode, Source: source})
}

// put adds the folders above, too: an unpacker would make them, but with a mode and a time of its own choice.
func (t Tree) put(name string, file Entry) {
	name = path.Clean("/" + name)[1:]
	for parent := path.Dir(name); parent != "."; parent = path.Dir(parent) {
		if _, there := t[parent]; !there {
			t[parent] = Entry{Type: tar.TypeDir, Mode: 0o755}
		}
	}
	t[name] = file
}

// Write writes the files as a tar archive: sorted, with no times and no names of users. The order puts every folder before
// what is in it.
func (t Tree) Write(to io.Writer) error {
	archive := tar.NewWriter(to)
	for _, name := range slices.Sorted(maps.Keys(t)) {
		if err := t[name].write(archive, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return archive.Close()
}

func (e Entry) write(archive *tar.Writer, name string) error {
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
