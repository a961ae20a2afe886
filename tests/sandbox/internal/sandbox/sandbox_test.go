package sandbox

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"kubestock/sandbox/internal/process"
)

func TestUpIsToldEveryStepAndTheEnd(t *testing.T) {
	var wire bytes.Buffer
	reporter := newReporter(&wire)
	for _, step := range []string{"starting the control plane", "starting the node"} {
		if err := reporter.step(step); err != nil {
			t.Fatal(err)
		}
	}
	if err := reporter.ready(); err != nil {
		t.Fatal(err)
	}
	var heard []string
	err := follow(&wire, func(step string) { heard = append(heard, step) })
	if err != nil || !reflect.DeepEqual(heard, []string{"starting the control plane", "starting the node"}) {
		t.Errorf("%q %v", heard, err)
	}
}

func TestUpIsToldWhyAnInstanceFailed(t *testing.T) {
	var wire bytes.Buffer
	newReporter(&wire).failed(errors.New("etcd ended:\nno room on the disk"))
	if err := follow(&wire, func(string) {}); err == nil || err.Error() != "etcd ended:\nno room on the disk" {
		t.Errorf("%v", err)
	}
}

func TestAnInstanceThatEndsWithoutAWordHasVanished(t *testing.T) {
	if err := follow(&bytes.Buffer{}, func(string) {}); !errors.Is(err, errVanished) {
		t.Errorf("%v", err)
	}
}

func TestOnlyTheLastStartOfAComponentCounts(t *testing.T) {
	entries := []process.Entry{
		{Name: "containerd", PID: 3, End: "exit status 0"}, {Name: "etcd", PID: 4}, {Name: "containerd", PID: 5},
	}
	want := []process.Entry{{Name: "etcd", PID: 4}, {Name: "containerd", PID: 5}}
	if got := latest(entries); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestHealthIsAllComponentsAndNoProblem(t *testing.T) {
	all := make([]ComponentHealth, expected)
	for i := range all {
		all[i].PID = i + 1
	}
	dead := append([]ComponentHealth{}, all...)
	dead[3].PID = 0
	cases := map[string]struct {
		health Health
		want   bool
	}{
		"all there":              {Health{Components: all}, true},
		"one dead":               {Health{Components: dead}, false},
		"one not started":        {Health{Components: all[1:]}, false},
		"there, but unreachable": {Health{Components: all, Problem: errors.New("no answer")}, false},
	}
	for name, c := range cases {
		if got := c.health.Healthy(); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
