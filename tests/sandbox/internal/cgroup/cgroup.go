// Package cgroup keeps every container of an instance under one cgroup, in the old hierarchies or in the unified one.
package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	mount  = "/sys/fs/cgroup"
	parent = "kubestock-sandbox"
)

// Path is the cgroup of an instance, as the kubelet names it.
func Path(name string) string {
	return "/" + parent + "/" + name
}

// unified tells whether the machine has cgroup v2 alone: its root lists the controllers.
func unified() bool {
	_, err := os.Stat(filepath.Join(mount, "cgroup.controllers"))
	return err == nil
}

// hierarchies are the folders in which a cgroup is made: one, or one for each controller.
func hierarchies() ([]string, error) {
	if unified() {
		return []string{mount}, nil
	}
	files, err := filepath.Glob(filepath.Join(mount, "*", "cgroup.procs"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no cgroups are mounted at %s", mount)
	}
	var folders []string
	for _, file := range files {
		folder := filepath.Dir(file)
		// cpu and cpuacct may be links to the one hierarchy cpu,cpuacct.
		if info, err := os.Lstat(folder); err == nil && info.IsDir() {
			folders = append(folders, folder)
		}
	}
	return folders, nil
}

// Create makes the cgroup of an instance.
func Create(name string) error {
	folders, err := hierarchies()
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if err := os.MkdirAll(filepath.Join(folder, Path(name)), 0o755); err != nil {
			return err
		}
		if err := inheritCPUs(folder, name); err != nil {
			return err
		}
	}
	if unified() {
		return delegate(name)
	}
	return nil
}

// inheritCPUs fills the cpusets of the old hierarchy, which are empty in a new cgroup: no process could enter it.
func inheritCPUs(folder, name string) error {
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		content, err := os.ReadFile(filepath.Join(folder, file))
		if err != nil || unified() {
			continue
		}
		for _, child := range []string{parent, parent + "/" + name} {
			path := filepath.Join(folder, child, file)
			if current, err := os.ReadFile(path); err != nil || strings.TrimSpace(string(current)) != "" {
				continue
			}
			if err := os.WriteFile(path, content, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// delegate hands every controller of the unified hierarchy down to the instance's cgroup.
func delegate(name string) error {
	for _, folder := range []string{mount, filepath.Join(mount, parent), filepath.Join(mount, Path(name))} {
		controllers, err := os.ReadFile(filepath.Join(folder, "cgroup.controllers"))
		if err != nil {
			return err
		}
		for _, controller := range strings.Fields(string(controllers)) {
			// One by one, for a controller that cannot be handed down must not keep the others back: the kubelet says
			// which it misses.
			_ = os.WriteFile(filepath.Join(folder, "cgroup.subtree_control"), []byte("+"+controller), 0o644)
		}
	}
	return nil
}

// Kill ends every process in the cgroup. The numbers are those of the caller's PID namespace.
func Kill(name string) error {
	folders, err := hierarchies()
	if err != nil {
		return err
	}
	var failed []error
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(folder, Path(name)), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.Name() != "cgroup.procs" {
				return ignoreGone(err)
			}
			content, err := os.ReadFile(path)
			for _, line := range strings.Fields(string(content)) {
				if pid, err := strconv.Atoi(line); err == nil && pid > 1 {
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
			return ignoreGone(err)
		})
		failed = append(failed, ignoreGone(err))
	}
	return errors.Join(failed...)
}

// Remove removes the cgroup, which no process may be in any more, and the parent when it was the last.
func Remove(name string) error {
	folders, err := hierarchies()
	if err != nil {
		return err
	}
	var failed []error
	for _, folder := range folders {
		failed = append(failed, removeTree(filepath.Join(folder, Path(name))))
		// Fails while another instance is there, as it should.
		_ = syscall.Rmdir(filepath.Join(folder, parent))
	}
	return errors.Join(failed...)
}

// removeTree removes from the leaves up. The files in a cgroup are the kernel's and go with it.
func removeTree(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return ignoreGone(err)
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := removeTree(filepath.Join(folder, entry.Name())); err != nil {
				return err
			}
		}
	}
	// A cgroup stays busy for a moment after its last process has died.
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		err := syscall.Rmdir(folder)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if !errors.Is(err, syscall.EBUSY) || time.Now().After(deadline) {
			return fmt.Errorf("removing cgroup %s: %w", folder, err)
		}
	}
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENODEV) {
		return nil
	}
	return err
}
