// The driver of the sandbox: a real Kubernetes cluster on a machine with root and Go, and nothing else. See README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"kubestock/sandbox/internal/box"
	"kubestock/sandbox/internal/instance"
	"kubestock/sandbox/internal/sandbox"
)

const usage = `usage: sandbox up|down|status|path [--name NAME] [--qps N]

  up      bring a cluster up; quick when it is up already
  down    take it down and remove all that was made for it
  status  say how each component is; exit code 1 if one is not well
  path    print the state folder: kubeconfig, env, profiles/ and logs/ are in there

NAME is demo unless told otherwise. Clusters of several names run side by side. N is how often a second each controller of
a new one may ask the API server: Kubernetes says 20, by which a thousand Deployments take minutes.
`

// Exit codes.
const (
	failed = 1
	misuse = 2
)

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(arguments []string) int {
	if len(arguments) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return misuse
	}
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	name := flags.String("name", "demo", "")
	qps := flags.Int("qps", 0, "")
	if err := flags.Parse(arguments[1:]); err != nil {
		return misuse
	}
	if err := instance.CheckName(*name); err != nil {
		return complain(err, misuse)
	}
	// Only asked of a driver that was started without its wrapper, which has better words for it.
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return complain(errors.New("needs Linux and root"), misuse)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	switch arguments[0] {
	case "up":
		return complain(sandbox.Up(ctx, *name, *qps, sandbox.NewLog(os.Stderr)), failed)
	case "down":
		return complain(sandbox.Down(ctx, *name, sandbox.NewLog(os.Stderr)), failed)
	case "status":
		return status(ctx, *name)
	case "path":
		fmt.Println(instance.Dir(*name))
		return 0
	case sandbox.Init:
		code, err := box.Init([]string{sandbox.Within, "--name", *name})
		complain(err, failed)
		return code
	case sandbox.Within:
		return complain(sandbox.Inside(*name), failed)
	case sandbox.ServeMirror:
		return complain(sandbox.Serve(*name), failed)
	default:
		fmt.Fprint(os.Stderr, usage)
		return misuse
	}
}

func status(ctx context.Context, name string) int {
	health, err := sandbox.Examine(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Printf("%s is not up\n", name)
		return failed
	}
	if err != nil {
		return complain(err, failed)
	}
	health.Print(os.Stdout)
	if !health.Healthy() {
		return failed
	}
	return 0
}

// complain prints an error, if there is one, and gives the exit code.
func complain(err error, code int) int {
	if err == nil {
		return 0
	}
	fmt.Fprintf(os.Stderr, "sandbox: %v\n", err)
	return code
}
