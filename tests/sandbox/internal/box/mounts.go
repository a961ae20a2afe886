package box

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// CPUs is how many CPUs the node claims. Requests only have to fit on paper, and a laptop or a CI machine has two.
const CPUs = 16

// private are the host's folders that the node's programs write to under fixed names, and the folders of the state that
// take their place. So no default path has to be configured away, and none can be forgotten.
var private = []struct{ target, source string }{
	{"/run", "run"},
	{"/var/log", "log"},
	{"/var/lib", "lib"},
}

// tunables are settings of the whole kernel that the kubelet changes where they are not to its liking
// (pkg/kubelet/cm/container_manager_linux.go). It is shown what it wants to see.
var tunables = map[string]string{
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/keys/root_maxbytes": "25000000",
}

// Furnish mounts what the box needs. The folders in keep stay where they are, even inside of a private one.
func Furnish(state string, keep ...string) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making mounts private: %w", err)
	}
	const quiet = syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC
	if err := syscall.Mount("proc", "/proc", "proc", quiet, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	if err := showTunables(state); err != nil {
		return err
	}
	if err := showCPUs(state); err != nil {
		return err
	}
	for _, each := range private {
		if err := replace(each.target, filepath.Join(state, each.source), append(keep, state)); err != nil {
			return err
		}
	}
	return nil
}

func replace(target, source string, keep []string) error {
	if err := os.MkdirAll(source, 0o755); err != nil {
		return err
	}
	for _, kept := range keep {
		below, inside := under(target, kept)
		if !inside {
			continue
		}
		place := filepath.Join(source, below)
		if err := os.MkdirAll(place, 0o755); err != nil {
			return err
		}
		if err := bind(kept, place, 0); err != nil {
			return err
		}
	}
	return bind(source, target, syscall.MS_REC)
}

// under tells whether a path lies in a folder, and where in it.
func under(folder, path string) (string, bool) {
	below, err := filepath.Rel(folder, path)
	if err != nil || below == ".." || strings.HasPrefix(below, "../") {
		return "", false
	}
	return below, true
}

func showTunables(state string) error {
	for name, value := range tunables {
		target := filepath.Join("/proc/sys", name)
		if _, err := os.Stat(target); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		source := filepath.Join(state, "kernel", strings.ReplaceAll(name, "/", "."))
		if err := writeIn(source, value+"\n"); err != nil {
			return err
		}
		if err := bind(source, target, 0); err != nil {
			return err
		}
	}
	return nil
}

// showCPUs shows cAdvisor, which counts them for the kubelet, more CPUs than there are: it counts the folders of NUMA
// nodes, and where there are none the folders of CPUs (cadvisor utils/sysinfo.GetNodesInfo).
func showCPUs(state string) error {
	cpus, nodes := filepath.Join(state, "kernel", "cpu"), filepath.Join(state, "kernel", "node")
	for cpu := range CPUs {
		if err := os.MkdirAll(filepath.Join(cpus, "cpu"+strconv.Itoa(cpu)), 0o755); err != nil {
			return err
		}
	}
	if err := writeIn(filepath.Join(cpus, "online"), fmt.Sprintf("0-%d\n", CPUs-1)); err != nil {
		return err
	}
	if err := os.MkdirAll(nodes, 0o755); err != nil {
		return err
	}
	if err := bind(cpus, "/sys/devices/system/cpu", 0); err != nil {
		return err
	}
	if _, err := os.Stat("/sys/devices/system/node"); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return bind(nodes, "/sys/devices/system/node", 0)
}

func writeIn(path, content string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o644)
}

func bind(source, target string, flags uintptr) error {
	if err := syscall.Mount(source, target, "", syscall.MS_BIND|flags, ""); err != nil {
		return fmt.Errorf("mounting %s on %s: %w", source, target, err)
	}
	return nil
}
