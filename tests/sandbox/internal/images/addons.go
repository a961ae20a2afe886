package images

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"
)

// addonNames are the files in the release's samples/addons that the product can install.
var addonNames = []string{"grafana", "jaeger", "kiali", "prometheus"}

// addon is what a stand-in needs to know to pass for one container of an addon.
type addon struct {
	Image string
	// Command is the program that the manifest starts; empty where it leaves that to the image.
	Command string
	Ports   []int
}

// manifest is the part of a Deployment and of a Service that tells which ports are asked.
type manifest struct {
	Kind string
	Spec struct {
		Ports    []port
		Template struct {
			Spec struct{ Containers []container }
		}
	}
}

type container struct {
	Image          string
	Command        []string
	Ports          []port
	LivenessProbe  probe `yaml:"livenessProbe"`
	ReadinessProbe probe `yaml:"readinessProbe"`
	StartupProbe   probe `yaml:"startupProbe"`
}

type probe struct {
	HTTPGet struct{ Port any } `yaml:"httpGet"`
}

type port struct {
	Port          int
	TargetPort    any `yaml:"targetPort"`
	ContainerPort int `yaml:"containerPort"`
	Protocol      string
}

// addons reads what the addons of an Istio release run, from the folder samples/addons of its module: image names and
// ports change from release to release.
func addons(samples string) ([]addon, error) {
	var all []addon
	for _, name := range addonNames {
		file, err := os.Open(filepath.Join(samples, name+".yaml"))
		if err != nil {
			return nil, err
		}
		found, err := readAddons(file)
		file.Close()
		if err != nil {
			return nil, fmt.Errorf("%s.yaml: %w", name, err)
		}
		all = append(all, found...)
	}
	return all, nil
}

func readAddons(from io.Reader) ([]addon, error) {
	var served []int
	var containers []container
	for documents := yaml.NewDecoder(from); ; {
		var object manifest
		err := documents.Decode(&object)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch object.Kind {
		case "Service":
			for _, each := range object.Spec.Ports {
				served = append(served, each.target())
			}
		case "Deployment":
			containers = append(containers, object.Spec.Template.Spec.Containers...)
		}
	}
	if len(containers) == 0 {
		return nil, errors.New("no Deployment")
	}
	return standins(containers, served), nil
}

// standins gives every container the ports that it names; what a Service asks for and no container names goes to the last
// one: helpers, such as Prometheus's reloader, come before the program they help.
func standins(containers []container, served []int) []addon {
	var all []addon
	claimed := map[int]bool{}
	for _, each := range containers {
		found := addon{Image: fullName(each.Image), Ports: each.listens()}
		if len(each.Command) > 0 {
			found.Command = each.Command[0]
		}
		for _, number := range found.Ports {
			claimed[number] = true
		}
		all = append(all, found)
	}
	last := &all[len(all)-1]
	for _, number := range served {
		if number != 0 && !claimed[number] {
			last.Ports = append(last.Ports, number)
		}
	}
	for index := range all {
		slices.Sort(all[index].Ports)
		all[index].Ports = slices.Compact(all[index].Ports)
	}
	return all
}

// listens are the TCP ports that the container declares or its probes ask. A name stands for a port that is declared.
func (c container) listens() []int {
	var numbers []int
	for _, each := range c.Ports {
		if each.Protocol != "UDP" {
			numbers = append(numbers, each.ContainerPort)
		}
	}
	for _, each := range []probe{c.LivenessProbe, c.ReadinessProbe, c.StartupProbe} {
		if number, numeric := each.HTTPGet.Port.(int); numeric {
			numbers = append(numbers, number)
		}
	}
	return numbers
}

// target is the number of the pod's port; 0 where the Service names it, for then a container declares it.
func (p port) target() int {
	switch target := p.TargetPort.(type) {
	case int:
		return target
	case nil:
		return p.Port
	default:
		return 0
	}
}
