package debian

import (
	"slices"
	"testing"
)

func TestAPackageIsAskedForOnce(t *testing.T) {
	// An empty PATH: no program is found, and several come with one package.
	t.Setenv("PATH", t.TempDir())
	missing := Missing()
	if !slices.Contains(missing, "containerd") || !slices.Contains(missing, "iproute2") {
		t.Errorf("%v", missing)
	}
	sorted := slices.Sorted(slices.Values(missing))
	if len(slices.Compact(sorted)) != len(missing) {
		t.Errorf("asked for twice: %v", missing)
	}
}
