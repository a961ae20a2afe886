// Package images makes the container images of the sandbox: OCI archives that `ctr -n k8s.io images import` takes, under
// the names that manifests use, from programs that are built here or come from Debian and PyPI. No registry is asked.
package images

import (
	"strings"

	"kubestock/sandbox/internal/istio"
)

// The images that are not told by Istio's addons.
const (
	// Pause must be the `sandbox_image` of containerd's CRI plugin: 1.6 asks for pause:3.6 where its configuration
	// does not name this one.
	Pause = "registry.k8s.io/pause:3.8"
	Pilot = istio.Hub + "/pilot:" + istio.Version
	Proxy = istio.Hub + "/proxyv2:" + istio.Version
	// Echo answers every path; `/http-echo probe URL` and `wget -qO- URL` in it make calls.
	Echo = "docker.io/hashicorp/http-echo:1.0.0"
	Curl = "docker.io/curlimages/curl:8.8.0"
)

// Packages are the Debian packages whose files the images hold.
var Packages = []string{"busybox-static", "ca-certificates", "curl", "iptables"}

// fullName says an image's name as containerd keeps it: kubelet asks for docker.io/library/busybox where a manifest says
// busybox.
func fullName(name string) string {
	first, rest, slashed := strings.Cut(name, "/")
	switch {
	case !slashed:
		name = "docker.io/library/" + name
	case !strings.ContainsAny(first, ".:") && first != "localhost":
		name = "docker.io/" + first + "/" + rest
	}
	if !strings.Contains(name[strings.LastIndex(name, "/"):], ":") {
		name += ":latest"
	}
	return name
}
