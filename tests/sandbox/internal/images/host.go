package images

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"kubestock/sandbox/internal/tree"
)

// Where Debian puts what is copied. A machine with busybox or curl of another origin may lack the files beside them.
const (
	busyboxFile  = "/bin/busybox"
	curlFile     = "/usr/bin/curl"
	iptablesFile = "/usr/sbin/xtables-nft-multi"
	rootsFile    = "/etc/ssl/certs/ca-certificates.crt"
)

// hostFiles says what is missing on this machine, all at once.
func hostFiles() error {
	var missing []string
	for _, file := range []string{busyboxFile, curlFile, iptablesFile, rootsFile} {
		if _, err := os.Stat(file); err != nil {
			missing = append(missing, file)
		}
	}
	if missing == nil {
		return nil
	}
	return fmt.Errorf("%s missing: apt-get install %s", strings.Join(missing, ", "), strings.Join(Packages, " "))
}

// withLibraries adds a program of this machine with the libraries that its loader would take, under their own paths.
func withLibraries(ctx context.Context, l tree.Tree, name, source string) error {
	l.Copy(name, source, 0o755)
	return libraries(ctx, l, source)
}

func libraries(ctx context.Context, l tree.Tree, sources ...string) error {
	output, err := exec.CommandContext(ctx, "ldd", sources...).Output()
	if err != nil {
		return fmt.Errorf("ldd %s: %w", strings.Join(sources, " "), err)
	}
	paths, err := loaded(string(output))
	if err != nil {
		return err
	}
	for _, path := range paths {
		// Read through links, for a link's own target need not be in the image.
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			return err
		}
		l.Copy(path, real, 0o755)
	}
	return nil
}

// loaded reads what ldd prints: `libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x7f…)` and, for the loader, its path alone.
func loaded(output string) ([]string, error) {
	var paths []string
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if strings.HasSuffix(line, "=> not found") {
			return nil, fmt.Errorf("a library is missing: %s", line)
		}
		path, _, addressed := strings.Cut(line, " (")
		if _, resolved, named := strings.Cut(path, " => "); named {
			path = resolved
		}
		if addressed && strings.HasPrefix(path, "/") {
			paths = append(paths, path)
		}
	}
	return paths, nil
}
