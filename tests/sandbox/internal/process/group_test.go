package process

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAComponentThatEndsTellsWhyAtOnce(t *testing.T) {
	group, _ := newGroup(t)
	component, err := group.Start("etcd", exec.Command("sh", "-c", "echo no room on the disk; exit 3"))
	if err != nil {
		t.Fatal(err)
	}
	err = component.Await(t.Context(), time.Minute, "an answer", never)
	var ended *EndedError
	if !errors.As(err, &ended) || !strings.Contains(ended.Log, "no room on the disk") || ended.State != "exit status 3" {
		t.Errorf("%v", err)
	}
}

func TestWhatDoesNotComeIsNotAwaitedForEver(t *testing.T) {
	group, _ := newGroup(t)
	component, err := group.Start("etcd", exec.Command("sleep", "60"))
	if err != nil {
		t.Fatal(err)
	}
	defer component.Stop(0)
	err = component.Await(t.Context(), 10*time.Millisecond, "an answer", never)
	if late := (*LateError)(nil); !errors.As(err, &late) || late.Awaited != "an answer" {
		t.Errorf("%v", err)
	}
}

func TestTheListSaysWhoRuns(t *testing.T) {
	group, list := newGroup(t)
	stays, err := group.Start("stays", exec.Command("sleep", "60"))
	if err != nil {
		t.Fatal(err)
	}
	defer stays.Stop(0)
	goes, err := group.Start("goes", exec.Command("sleep", "60"))
	if err != nil {
		t.Fatal(err)
	}
	goes.Stop(time.Second)
	entries, err := List(list)
	if err != nil || len(entries) != 2 || entries[0].End != "" || entries[1].End != "signal: terminated" {
		t.Errorf("%+v %v", entries, err)
	}
}

func TestAComponentThatDoesNotListenIsKilled(t *testing.T) {
	group, _ := newGroup(t)
	deaf, err := group.Start("deaf", exec.Command("sh", "-c", "trap '' TERM; while :; do sleep 1; done"))
	if err != nil {
		t.Fatal(err)
	}
	deaf.Stop(50 * time.Millisecond)
	select {
	case <-deaf.Ended():
	default:
		t.Error("it still runs")
	}
}

func newGroup(t *testing.T) (*Group, string) {
	dir := t.TempDir()
	list := filepath.Join(dir, "components.json")
	return NewGroup(list, dir), list
}

func never(context.Context) error { return errors.New("nothing yet") }
