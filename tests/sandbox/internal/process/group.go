// Package process runs the components of an instance and keeps a list of them that `status` can read.
package process

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"kubestock/sandbox/internal/instance"
)

// poll is how often a condition is looked at that nothing announces.
const poll = 50 * time.Millisecond

// Entry is one component in the list.
type Entry struct {
	Name string `json:"name"`
	// PID is the component's number inside of the box.
	PID int `json:"pid"`
	// End says how it ended; empty while it runs.
	End string `json:"end,omitempty"`
}

// Group is the components that were started, in order.
type Group struct {
	list, logs string
	mutex      sync.Mutex
	entries    []*Entry
}

// NewGroup keeps its list in the file list and a log for each component in the folder logs.
func NewGroup(list, logs string) *Group {
	return &Group{list: list, logs: logs}
}

// Component is a process of the group.
type Component struct {
	Name    string
	command *exec.Cmd
	log     string
	ended   chan struct{}
	entry   *Entry
}

// Start runs a component with its output in a log of its own.
func (g *Group) Start(name string, command *exec.Cmd) (*Component, error) {
	path := filepath.Join(g.logs, name+".log")
	log, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	component := &Component{
		Name:    name,
		command: command,
		log:     path,
		ended:   make(chan struct{}),
		entry:   &Entry{Name: name, PID: command.Process.Pid},
	}
	g.add(component.entry)
	go func() {
		_ = command.Wait()
		g.note(component.entry, command.ProcessState.String())
		close(component.ended)
	}()
	return component, g.save()
}

func (g *Group) add(entry *Entry) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.entries = append(g.entries, entry)
}

func (g *Group) note(entry *Entry, end string) {
	g.mutex.Lock()
	entry.End = end
	g.mutex.Unlock()
	// Nobody to tell: the list is for status, which also looks whether the process is there.
	_ = g.save()
}

func (g *Group) save() error {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	content, err := json.MarshalIndent(g.entries, "", "  ")
	if err != nil {
		return err
	}
	return instance.WriteFile(g.list, append(content, '\n'), 0o644)
}

// List reads a group's list.
func List(path string) ([]Entry, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	if err := json.Unmarshal(content, &entries); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return entries, nil
}

// Stop asks a component to end and kills it after grace. It returns when the component has ended.
func (c *Component) Stop(grace time.Duration) {
	if c == nil {
		return
	}
	_ = c.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.ended:
	case <-time.After(grace):
		_ = c.command.Process.Kill()
		<-c.ended
	}
}

// EndedError says that a component ended while something was awaited of it.
type EndedError struct {
	Component string
	State     string
	Log       string
}

func (e *EndedError) Error() string {
	return fmt.Sprintf("%s ended (%s); the end of its log:\n%s", e.Component, e.State, e.Log)
}

// LateError says that what was awaited of a component did not come in time.
type LateError struct {
	Component string
	Awaited   string
	Last      error
	Log       string
}

func (e *LateError) Error() string {
	return fmt.Sprintf("%s: %s did not come in time (%v); the end of its log:\n%s", e.Component, e.Awaited, e.Last, e.Log)
}

func (e *LateError) Unwrap() error { return e.Last }

// Await waits until ready returns nil, which is asked again and again, and no longer than limit.
func (c *Component) Await(ctx context.Context, limit time.Duration, what string, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-c.ended:
			return &EndedError{c.Name, c.command.ProcessState.String(), c.tail()}
		case <-ctx.Done():
			return &LateError{c.Name, what, err, c.tail()}
		case <-time.After(poll):
		}
	}
}

// Ended is closed when the component has ended.
func (c *Component) Ended() <-chan struct{} { return c.ended }

// tail is the last lines of the log.
func (c *Component) tail() string {
	const lines = 12
	content, err := os.ReadFile(c.log)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
