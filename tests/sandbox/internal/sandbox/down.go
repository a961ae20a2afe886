package sandbox

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"kubestock/sandbox/internal/box"
	"kubestock/sandbox/internal/cgroup"
	"kubestock/sandbox/internal/instance"
)

// downGrace is what the instance has to take itself down before it is killed.
const downGrace = 20 * time.Second

// Down ends an instance and removes all that was made for it, whatever state it is in. Once more does no harm.
func Down(ctx context.Context, name string, log *Log) error {
	unlock, err := instance.Lock(name)
	if err != nil {
		return err
	}
	defer unlock()
	there, err := clean(ctx, name)
	if err != nil {
		return err
	}
	if there {
		log.Say("%s is down", name)
	} else {
		log.Say("%s was not up", name)
	}
	return nil
}

// clean removes what is left of an instance, and tells whether anything was.
func clean(ctx context.Context, name string) (bool, error) {
	found, err := instance.Load(name)
	if errors.Is(err, fs.ErrNotExist) {
		// Nothing is started before the record is written; what may be there is a folder.
		_, missing := os.Stat(instance.Dir(name))
		return missing == nil, instance.Remove(name)
	}
	if err != nil {
		return true, err
	}
	if err := found.Init.Stop(downGrace); err != nil {
		return true, err
	}
	if err := box.Part(ctx, found.Plan()); err != nil {
		return true, err
	}
	if err := cgroup.Remove(name); err != nil {
		return true, err
	}
	return true, instance.Remove(name)
}
