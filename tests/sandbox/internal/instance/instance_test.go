package instance

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestNamesAreFoldersAndNodes(t *testing.T) {
	cases := map[string]bool{
		"demo": true, "a": true, "two-2": true, "": false, "-a": false, "a-": false, "A": false, "../x": false,
		"a.b": false, "abcdefghijklmnopqrstuvwxyz01234": false,
	}
	for name, valid := range cases {
		if err := CheckName(name); (err == nil) != valid {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestAProcessNameMayLookLikeTheNextFields(t *testing.T) {
	started, state, err := parseStat("42 (a) Z (b c) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2\n")
	if started != "98765" || state != "S" || err != nil {
		t.Errorf("%q %q %v", started, state, err)
	}
}

func TestALaterProcessWithTheSameNumberIsAnother(t *testing.T) {
	self, err := Identify(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if !self.Alive() {
		t.Error("this process does not live")
	}
	self.Started += "1"
	if self.Alive() {
		t.Error("a process that started at another time is taken for this one")
	}
}

func TestAStoppedProcessIsGone(t *testing.T) {
	command := exec.Command("sleep", "60")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	go command.Wait()
	process, err := Identify(command.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Stop(5 * time.Second); err != nil || process.Alive() {
		t.Errorf("%v, alive: %t", err, process.Alive())
	}
	if err := process.Stop(0); err != nil {
		t.Errorf("stopped a second time: %v", err)
	}
}
