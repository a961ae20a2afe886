package sandbox

import (
	"encoding/json"
	"errors"
	"io"
)

// A report goes from the process in the box to the `up` that waits for it, as a line of JSON.
type report struct {
	// Step is what is begun.
	Step string `json:"step,omitempty"`
	// Failed is why the instance does not come up.
	Failed string `json:"failed,omitempty"`
	// Ready says that it is up. It is the last report.
	Ready bool `json:"ready,omitempty"`
}

// errVanished says that the box ended without a word; the log of the box knows more.
var errVanished = errors.New("the instance ended while it came up")

// follow says every step until the instance is up.
func follow(reports io.Reader, say func(step string)) error {
	decoder := json.NewDecoder(reports)
	for {
		var next report
		if err := decoder.Decode(&next); err != nil {
			return errVanished
		}
		switch {
		case next.Ready:
			return nil
		case next.Failed != "":
			return errors.New(next.Failed)
		default:
			say(next.Step)
		}
	}
}

// reporter is the other end. What cannot be written tells that `up` is gone.
type reporter struct{ out *json.Encoder }

func newReporter(out io.Writer) *reporter { return &reporter{json.NewEncoder(out)} }

func (r *reporter) step(what string) error { return r.out.Encode(report{Step: what}) }
func (r *reporter) failed(err error)       { _ = r.out.Encode(report{Failed: err.Error()}) }
func (r *reporter) ready() error           { return r.out.Encode(report{Ready: true}) }
