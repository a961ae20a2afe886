// Stands in, in the sandbox, for programs whose images cannot be had: it listens where they listen and answers what their
// probes ask. Which one it is, is told by the name it is started under; what it is not told it does like an addon.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	name, arguments := filepath.Base(os.Args[0]), os.Args[1:]
	// `kubectl exec POD -- /http-echo probe URL` needs no second file in the image.
	if len(arguments) > 0 && arguments[0] == "probe" {
		name, arguments = "probe", arguments[1:]
	}
	if err := run(name, arguments); err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
}

func run(name string, arguments []string) error {
	switch name {
	case "pause":
		return pause()
	case "probe":
		return probe(arguments)
	case "http-echo":
		return echo(arguments)
	default:
		return addon(name)
	}
}
