package cache

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

func TestAFolderIsMadeOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "thing")
	var made atomic.Int32
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			err := Fill(context.Background(), dir, func(unfinished string) error {
				made.Add(1)
				return os.WriteFile(filepath.Join(unfinished, "file"), nil, 0o644)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made.Load() != 1 {
		t.Errorf("made %d times", made.Load())
	}
	if _, err := os.Stat(filepath.Join(dir, "file")); err != nil {
		t.Error(err)
	}
}

func TestAFailureLeavesNothingThatLooksWhole(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "thing")
	broken := errors.New("broken")
	if err := Fill(context.Background(), dir, func(string) error { return broken }); !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	if whole(dir) || whole(dir+".unfinished") {
		t.Error("something was left")
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "thing")
	unlock, err := lock(context.Background(), dir+".lock")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := Fill(ctx, dir, func(string) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
