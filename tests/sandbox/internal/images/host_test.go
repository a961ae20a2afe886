package images

import (
	"slices"
	"testing"
)

func TestLibrariesAreReadFromWhatLddPrints(t *testing.T) {
	got, err := loaded("/usr/sbin/xtables-nft-multi:\n" +
		"\tlinux-vdso.so.1 (0x00007feb7cb5b000)\n" +
		"\tlibmnl.so.0 => /lib/x86_64-linux-gnu/libmnl.so.0 (0x00007feb7ca8d000)\n" +
		"\t/lib64/ld-linux-x86-64.so.2 (0x00007feb7cb5d000)\n")
	want := []string{"/lib/x86_64-linux-gnu/libmnl.so.0", "/lib64/ld-linux-x86-64.so.2"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestALibraryThatIsMissingIsToldBeforeAContainerMissesIt(t *testing.T) {
	if _, err := loaded("\tlibmnl.so.0 => not found\n"); err == nil {
		t.Error("no error")
	}
}
