// Package address says which addresses an instance has.
//
// An instance lives in a network namespace, so what is inside is the same for each; only the link to the host is not.
package address

import (
	"errors"
	"fmt"
	"net/netip"
)

const (
	// Pods is the network of the pods.
	Pods = "10.244.0.0/23"
	// Services is the range of the Services' addresses.
	Services = "10.96.0.0/16"
	// API is the first address of Services, which the API server takes for the Service kubernetes.
	API = "10.96.0.1"
	// DNS is the address of the Service kube-dns.
	DNS = "10.96.0.10"
	// APIPort is where the API server listens on the node's address.
	APIPort = 6443
)

// Slots is how many instances can run side by side.
const Slots = 64

// links is cut into a /30 for each slot. 198.18.0.0/15 is set apart for tests of network devices (RFC 2544), so neither
// a company's network nor a cloud's is likely to use it.
var links = netip.MustParsePrefix("198.19.77.0/24")

// Plan is the link of one instance to its host.
type Plan struct {
	// HostLink is the name of the host's end. At most 15 bytes, as the kernel has it.
	HostLink string
	Host     netip.Addr
	Node     netip.Addr
}

// ForSlot gives the link of the instance in a slot from 0 to Slots-1.
func ForSlot(slot int) Plan {
	base := links.Addr().As4()
	at := func(offset int) netip.Addr {
		address := base
		address[3] += byte(4*slot + offset)
		return netip.AddrFrom4(address)
	}
	return Plan{HostLink: fmt.Sprintf("kubestock%d", slot), Host: at(1), Node: at(2)}
}

// Prefix is the /30 that holds both ends.
func (p Plan) Prefix() netip.Prefix {
	return netip.PrefixFrom(p.Host, 30).Masked()
}

// Server is the URL of the API server, from inside and from the host.
func (p Plan) Server() string {
	return fmt.Sprintf("https://%s:%d", p.Node, APIPort)
}

// ErrNoSlot says that every slot is taken.
var ErrNoSlot = errors.New("all 64 slots for instances are taken")

// FreeSlot gives the lowest slot that no instance has and whose link the host does not use for something else.
func FreeSlot(taken []int, host []netip.Prefix) (int, error) {
	occupied := make(map[int]bool)
	for _, slot := range taken {
		occupied[slot] = true
	}
	for slot := range Slots {
		if !occupied[slot] && !overlapsAny(ForSlot(slot).Prefix(), host) {
			return slot, nil
		}
	}
	return 0, ErrNoSlot
}

func overlapsAny(link netip.Prefix, host []netip.Prefix) bool {
	for _, prefix := range host {
		if prefix.Overlaps(link) {
			return true
		}
	}
	return false
}
