package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate/journal"
)

// A durability is what --fsync says. The zero value syncs each commit.
type durability struct {
	policy   journal.Policy
	interval time.Duration
	text     string
}

const durabilityText = `What a power loss can take is said by --fsync: with each, nothing that was
acknowledged; with a time, such as 1s, at most what was acknowledged in that
time; with never, whatever the system had not yet written. A weir that is killed
loses nothing under any of them. Who holds R decides: if that is another weir,
its --fsync counts.`

// fsyncFlag gives a command the flag --fsync, for the replicas it opens.
func fsyncFlag(c *cobra.Command, e *env) {
	c.Flags().Var(&e.fsync, "fsync", "what is on disk when: `each`, a time such as 1s, or never; see above")
}

// Set reads each, never, or a time.
func (d *durability) Set(text string) error {
	switch text {
	case "each":
		*d = durability{text: text}
		return nil
	case "never":
		*d = durability{policy: journal.SyncNever, text: text}
		return nil
	}
	interval, err := time.ParseDuration(text)
	if err != nil || interval < time.Millisecond || interval > time.Hour {
		return fmt.Errorf("%q is not each, never, or a time from 1ms to 1h", text)
	}
	*d = durability{journal.SyncInterval, interval, text}
	return nil
}

func (d *durability) String() string {
	if d.text == "" {
		return "each"
	}
	return d.text
}

// Type is what help says that the flag takes.
func (d *durability) Type() string { return "each|TIME|never" }
