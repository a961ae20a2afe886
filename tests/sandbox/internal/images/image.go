package images

import "kubestock/sandbox/internal/tree"

// image is what one image holds and how it starts.
type image struct {
	// Name is the one that manifests use, in full.
	Name   string
	Layers []tree.Tree
	Start  start
}

// start is the part of an OCI image configuration that the sandbox needs, under the names of the image specification.
type start struct {
	User       string   `json:",omitempty"`
	Env        []string `json:",omitempty"`
	Entrypoint []string `json:",omitempty"`
	Cmd        []string `json:",omitempty"`
	WorkingDir string   `json:",omitempty"`
}

const searchPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
