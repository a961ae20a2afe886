package istio

// Version is what the programs that are built here call themselves, and the tag of the sandbox's images.
//
// It is NOT the release that the product installs, 1.18.0: the commit of that tag cannot be had as a Go module where the
// sandbox was written, so tests/sandbox/istio/go.mod names a revision that can, and this name, in the form that Istio
// gives its own development builds, says which. To go to another revision, change it there and here; nothing else knows.
const Version = "1.31-alpha.eed52ebb66ad"

// Hub is the registry that the charts take their images from, as in a release.
const Hub = "docker.io/istio"

const module = "istio.io/istio"
