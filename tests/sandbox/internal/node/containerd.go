package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"kubestock/sandbox/internal/address"
	"kubestock/sandbox/internal/cache"
)

// store is where containerd keeps images and containers: in the box, a folder of the state.
const store = "/var/lib/containerd"

const containerdLimit = 60 * time.Second

// StartContainerd starts containerd with the instance's images in its store, unpacked. The first instance that has these
// images imports them, and tells so by importing; every later one is given links to the same files.
func (n *Node) StartContainerd(ctx context.Context, importing func()) error {
	if len(n.Instance.Images) == 0 {
		return n.runContainerd(ctx)
	}
	key, err := imagesKey(n.Instance.Images)
	if err != nil {
		return err
	}
	filled := filepath.Join(n.Instance.Cache, "containerd-"+key)
	err = cache.Fill(ctx, filled, func(unfinished string) error {
		importing()
		return n.fillStore(ctx, unfinished)
	})
	if err != nil {
		return fmt.Errorf("importing images: %w", err)
	}
	if err := os.RemoveAll(store); err != nil {
		return err
	}
	if err := cloneStore(ctx, filepath.Join(filled, "store"), store); err != nil {
		return err
	}
	return n.runContainerd(ctx)
}

func (n *Node) runContainerd(ctx context.Context) error {
	cni := filepath.Join(n.etc(), "cni")
	if _, err := render(cni, "cni.conflist", map[string]string{"Pods": address.Pods}); err != nil {
		return err
	}
	values := map[string]string{"PauseImage": n.PauseImage, "CNI": cni}
	config, err := render(n.etc(), "containerd.toml", values)
	if err != nil {
		return err
	}
	n.containerd, err = n.Group.Start("containerd", exec.Command("containerd", "--config", config))
	if err != nil {
		return err
	}
	return n.containerd.Await(ctx, containerdLimit, "an answer", func(ctx context.Context) error {
		return ctr(ctx, "version")
	})
}

// fillStore imports the images and keeps the store of a containerd that has ended, so that its databases are whole.
func (n *Node) fillStore(ctx context.Context, into string) error {
	if err := n.runContainerd(ctx); err != nil {
		return err
	}
	for _, image := range n.Instance.Images {
		if err := ctr(ctx, "images", "import", image); err != nil {
			return err
		}
	}
	n.containerd.Stop(stopGrace)
	return copyTree(ctx, store, filepath.Join(into, "store"))
}

// cloneStore copies a store without its weight: blobs and the files of unpacked layers never change, so links to them do.
// The databases do change.
func cloneStore(ctx context.Context, from, to string) error {
	if err := copyTree(ctx, from, to, "--link"); err != nil {
		// Another file system, which takes the time and the room of a true copy.
		if err := os.RemoveAll(to); err != nil {
			return err
		}
		return copyTree(ctx, from, to)
	}
	return filepath.WalkDir(to, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Name() == "snapshots" || entry.Name() == "blobs" {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".db") {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.Remove(path); err != nil {
			return err
		}
		return os.WriteFile(path, content, 0o600)
	})
}

// copyTree leaves it to cp to keep owners, modes, extended attributes and the devices that stand for whiteouts.
func copyTree(ctx context.Context, from, to string, options ...string) error {
	arguments := append(append([]string{"--archive"}, options...), from, to)
	if output, err := exec.CommandContext(ctx, "cp", arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("copying %s: %w: %s", from, err, strings.TrimSpace(string(output)))
	}
	return nil
}

// ctr asks containerd in the namespace that Kubernetes' containers and images are in.
func ctr(ctx context.Context, arguments ...string) error {
	output, err := exec.CommandContext(ctx, "ctr", append([]string{"--namespace=k8s.io"}, arguments...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ctr %s: %w: %s", strings.Join(arguments, " "), err, strings.TrimSpace(string(output)))
	}
	return nil
}

// imagesKey names a set of tarballs, which are written once and never changed, and the containerd that unpacks them.
func imagesKey(tarballs []string) (string, error) {
	version, err := exec.Command("containerd", "--version").Output()
	if err != nil {
		return "", fmt.Errorf("containerd --version: %w", err)
	}
	hash := sha256.New()
	hash.Write(version)
	for _, tarball := range tarballs {
		info, err := os.Stat(tarball)
		if err != nil {
			return "", err
		}
		fmt.Fprintln(hash, tarball, info.Size(), info.ModTime().UnixNano())
	}
	return hex.EncodeToString(hash.Sum(nil))[:16], nil
}
