package istio

import (
	"errors"
	"os"
	"path/filepath"
)

// sourceDir finds tests/sandbox/istio, upwards from the working directory: a nested module cannot be embedded, and a
// trimmed binary does not know where it was built.
func sourceDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		for _, candidate := range []string{
			filepath.Join(dir, "tests", "sandbox", "istio"),
			filepath.Join(dir, "istio"),
		} {
			if isSource(candidate) {
				return candidate, nil
			}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no tests/sandbox/istio above the working directory: start from inside the repository")
		}
		dir = parent
	}
}

func isSource(dir string) bool {
	for _, name := range []string{"go.mod", "go.sum"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}
