package address

import (
	"errors"
	"net/netip"
	"testing"
)

func TestEverySlotHasALinkOfItsOwn(t *testing.T) {
	for slot := range Slots {
		plan := ForSlot(slot)
		if !plan.Prefix().Contains(plan.Host) || !plan.Prefix().Contains(plan.Node) || plan.Host == plan.Node {
			t.Errorf("slot %d: %+v are not two ends of one /30", slot, plan)
		}
		if len(plan.HostLink) > 15 {
			t.Errorf("slot %d: %q is too long for a link", slot, plan.HostLink)
		}
		for other := range slot {
			if ForSlot(other).Prefix().Overlaps(plan.Prefix()) || ForSlot(other).HostLink == plan.HostLink {
				t.Errorf("slots %d and %d share a link", other, slot)
			}
		}
	}
}

func TestTheLowestFreeSlotIsTaken(t *testing.T) {
	all := make([]int, Slots)
	for slot := range all {
		all[slot] = slot
	}
	cases := map[string]struct {
		taken []int
		host  []string
		want  int
		err   error
	}{
		"the first instance":                {nil, nil, 0, nil},
		"beside another":                    {[]int{0}, nil, 1, nil},
		"in the gap of one that went":       {[]int{0, 2}, nil, 1, nil},
		"a host that uses the first link":   {nil, []string{"198.19.77.0/30"}, 1, nil},
		"a host that uses another network":  {nil, []string{"192.0.2.2/24", "127.0.0.1/8"}, 0, nil},
		"a host that uses the whole range":  {nil, []string{"198.18.0.0/15"}, 0, ErrNoSlot},
		"as many instances as can be":       {all, nil, 0, ErrNoSlot},
		"an address inside the second link": {[]int{0}, []string{"198.19.77.6/32"}, 2, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var host []netip.Prefix
			for _, prefix := range c.host {
				host = append(host, netip.MustParsePrefix(prefix))
			}
			slot, err := FreeSlot(c.taken, host)
			if slot != c.want || !errors.Is(err, c.err) {
				t.Errorf("slot %d, %v; want %d, %v", slot, err, c.want, c.err)
			}
		})
	}
}
