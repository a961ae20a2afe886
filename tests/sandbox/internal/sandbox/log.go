package sandbox

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Log tells who waits what is done, a short line at a time, with the seconds since the start.
type Log struct {
	mutex   sync.Mutex
	out     io.Writer
	started time.Time
}

// NewLog starts the clock.
func NewLog(out io.Writer) *Log {
	return &Log{out: out, started: time.Now()}
}

// Say writes one line.
func (l *Log) Say(format string, arguments ...any) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	fmt.Fprintf(l.out, "%6.1fs  %s\n", time.Since(l.started).Seconds(), fmt.Sprintf(format, arguments...))
}

// Write takes the output of what reports in its own words.
func (l *Log) Write(text []byte) (int, error) {
	for line := range strings.Lines(string(text)) {
		l.Say("%s", strings.TrimRight(line, "\n"))
	}
	return len(text), nil
}
