// Package instance keeps what is known of an instance between two runs of the driver, in the instance's state folder.
package instance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"

	"kubestock/sandbox/internal/address"
)

// Root holds a folder for each instance. Not on tmpfs, for containers' layers are overlays in there.
const Root = "/var/lib/kubestock-sandbox"

const recordName = "instance.json"

// Instance is one cluster.
type Instance struct {
	Name string `json:"name"`
	Slot int    `json:"slot"`
	// Init is the first process of the instance's PID namespace: when it ends, the kernel ends all others.
	Init Process `json:"init"`
	// Kubernetes is the folder of the components, CoreDNS the program.
	Kubernetes string `json:"kubernetes"`
	CoreDNS    string `json:"coreDNS"`
	// Images are the OCI tarballs that containerd knows.
	Images []string `json:"images"`
	// Cache is the folder of what is built once for all instances.
	Cache string `json:"cache"`
	// Mirror is the folder of the release that is served at MirrorURL.
	Mirror    string `json:"mirror"`
	MirrorURL string `json:"mirrorURL"`
	// QPS is how often each controller may ask the API server in a second; 0 leaves it to Kubernetes.
	QPS int `json:"qps"`
}

// A name is part of paths, of a cgroup and of a node's name.
var validName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$`)

// CheckName refuses a name that cannot be a folder and a node.
func CheckName(name string) error {
	if !validName.MatchString(name) {
		return fmt.Errorf("%q is not a name: at most 30 lowercase letters, digits and inner dashes", name)
	}
	return nil
}

// Load reads the record of an instance. The error is fs.ErrNotExist when there is none.
func Load(name string) (*Instance, error) {
	content, err := os.ReadFile(filepath.Join(Dir(name), recordName))
	if err != nil {
		return nil, err
	}
	instance := &Instance{}
	if err := json.Unmarshal(content, instance); err != nil {
		return nil, fmt.Errorf("%s of %s: %w", recordName, name, err)
	}
	return instance, nil
}

// Reserve makes the state folder of a new instance and gives it a slot.
func Reserve(name string) (*Instance, error) {
	unlock, err := lock("slots", true)
	if err != nil {
		return nil, err
	}
	defer unlock()
	taken, err := takenSlots()
	if err != nil {
		return nil, err
	}
	host, err := hostPrefixes()
	if err != nil {
		return nil, err
	}
	slot, err := address.FreeSlot(taken, host)
	if err != nil {
		return nil, err
	}
	instance := &Instance{Name: name, Slot: slot}
	if err := os.MkdirAll(instance.Path("logs"), 0o755); err != nil {
		return nil, err
	}
	return instance, instance.Save()
}

// Save writes the record whole: whoever reads it at the same time sees the one before or this one.
func (i *Instance) Save() error {
	content, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		return err
	}
	return WriteFile(i.Path(recordName), append(content, '\n'), 0o644)
}

// Remove removes the state folder of an instance, and the folder of all of them with the last.
func Remove(name string) error {
	unlock, err := lock("slots", true)
	if err != nil {
		return err
	}
	defer unlock()
	if err := os.RemoveAll(Dir(name)); err != nil {
		return fmt.Errorf("removing the state of %s: %w", name, err)
	}
	// Fails while another instance is there, as it should.
	_ = os.Remove(Root)
	return nil
}

// Plan is the instance's addresses.
func (i *Instance) Plan() address.Plan {
	return address.ForSlot(i.Slot)
}

// Node is the name of the node.
func (i *Instance) Node() string {
	return i.Name + "-node"
}

// Path is a path in the state folder.
func (i *Instance) Path(elements ...string) string {
	return filepath.Join(append([]string{Dir(i.Name)}, elements...)...)
}

// Dir is the state folder of the instance with that name, be it there or not.
func Dir(name string) string {
	return filepath.Join(Root, name)
}

// WriteFile writes by rename.
func WriteFile(path string, content []byte, mode fs.FileMode) error {
	unfinished := path + ".unfinished"
	if err := os.WriteFile(unfinished, content, mode); err != nil {
		return err
	}
	return os.Rename(unfinished, path)
}

func takenSlots() ([]int, error) {
	entries, err := os.ReadDir(Root)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var taken []int
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		instance, err := Load(entry.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		taken = append(taken, instance.Slot)
	}
	return taken, nil
}

func hostPrefixes() ([]netip.Prefix, error) {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return nil, err
	}
	var prefixes []netip.Prefix
	for _, each := range addresses {
		if prefix, err := netip.ParsePrefix(each.String()); err == nil {
			prefixes = append(prefixes, prefix)
		}
	}
	return prefixes, nil
}
