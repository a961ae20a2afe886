package box

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"kubestock/sandbox/internal/address"
)

// nodeLink is the end of the link inside.
const nodeLink = "eth0"

// Join makes the link between the host and the box of process pid. It goes when the box does.
func Join(ctx context.Context, plan address.Plan, pid int) error {
	return ip(ctx,
		fmt.Sprintf("link add %s type veth peer name %s netns %d", plan.HostLink, nodeLink, pid),
		fmt.Sprintf("address add %s/%d dev %s", plan.Host, plan.Prefix().Bits(), plan.HostLink),
		fmt.Sprintf("link set %s up", plan.HostLink),
	)
}

// Part removes a link that outlived its box, if there is one.
func Part(ctx context.Context, plan address.Plan) error {
	if !hasLink(plan.HostLink) {
		return nil
	}
	err := ip(ctx, "link delete "+plan.HostLink)
	if err != nil && !hasLink(plan.HostLink) {
		// The kernel was faster: it takes down the network of a box that has ended when it comes to it.
		return nil
	}
	return err
}

func hasLink(name string) bool {
	_, err := net.InterfaceByName(name)
	return err == nil
}

// Connect sets up the network from inside.
//
// There is no default route: what would leave the machine fails at once with "network is unreachable", so that an image
// nobody imported is an ErrImagePull within a second. Services need a route all the same, as the kernel looks for one
// before kube-proxy's rules put a pod's address in place of the Service's.
func Connect(ctx context.Context, plan address.Plan) error {
	err := ip(ctx,
		"link set lo up",
		fmt.Sprintf("address add %s/%d dev %s", plan.Node, plan.Prefix().Bits(), nodeLink),
		"link set "+nodeLink+" up",
		fmt.Sprintf("route add %s dev %s src %s", address.Services, nodeLink, plan.Node),
	)
	if err != nil {
		return err
	}
	// The node is its pods' router.
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644)
}

func ip(ctx context.Context, commands ...string) error {
	for _, command := range commands {
		output, err := exec.CommandContext(ctx, "ip", strings.Fields(command)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("ip %s: %w: %s", command, err, strings.TrimSpace(string(output)))
		}
	}
	return nil
}

// HostPID finds the number that a process of the box has on the host, by its number inside.
func HostPID(init, inside int) (int, bool) {
	namespace, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", init))
	if err != nil {
		return 0, false
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, false
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if its, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid)); err != nil || its != namespace {
			continue
		}
		if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err == nil && innermost(string(status)) == inside {
			return pid, true
		}
	}
	return 0, false
}

// innermost reads the last number of NSpid: a process's number in the innermost of its namespaces (proc(5)).
func innermost(status string) int {
	for line := range strings.Lines(status) {
		if numbers, found := strings.CutPrefix(line, "NSpid:"); found {
			fields := strings.Fields(numbers)
			if len(fields) == 0 {
				return 0
			}
			pid, _ := strconv.Atoi(fields[len(fields)-1])
			return pid
		}
	}
	return 0
}
