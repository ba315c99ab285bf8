package main

import (
	"context"
	"time"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
)

// A summary is what was moved, as --json prints it.
type summary struct {
	Peer            string  `json:"peer,omitempty"`
	SentBytes       int64   `json:"sent_bytes"`
	ReceivedBytes   int64   `json:"received_bytes"`
	SentUpdates     int64   `json:"sent_updates"`
	ReceivedUpdates int64   `json:"received_updates"`
	Applied         int64   `json:"applied"`
	Seconds         float64 `json:"seconds"`
	DryRun          bool    `json:"dry_run,omitempty"`
}

func summarize(stats replicate.Stats, start time.Time) *summary {
	return &summary{
		Peer:            stats.Peer.String(),
		SentBytes:       stats.SentBytes,
		ReceivedBytes:   stats.ReceivedBytes,
		SentUpdates:     stats.SentUpdates,
		ReceivedUpdates: stats.ReceivedUpdates,
		Applied:         stats.AppliedUpdates,
		Seconds:         time.Since(start).Seconds(),
	}
}

// glance is how often a session is looked at for what to tell.
const glance = 50 * time.Millisecond

// opSession keeps the replica equal to the peer behind the call's ends. It
// tells "met" once the peer has said who it is, "synced" once both are equal,
// and "session" with a summary at the end.
func opSession(ctx context.Context, j *journal.Journal, c *call) error {
	r, start := j.Replica(), time.Now()
	cfg := replicate.SyncConfig{Once: !c.Live, Want: filterOf(c.Only), Allow: filterOf(c.Allow), Peer: c.proved(r)}
	if c.Resync {
		cfg.Resync = func(unseen []*replicate.Update) { tellUnseen(ctx, c, unseen) }
	}
	s := replicate.NewSession(r, cfg)
	ended, watched := make(chan error), make(chan struct{})
	go func() {
		defer close(watched)
		watchSession(ctx, s, c, ended)
	}()
	err := s.Run(ctx, c.duplex())
	ended <- err
	<-watched
	if ferr := r.Flush(context.WithoutCancel(ctx)); err == nil {
		err = ferr
	}
	if err == nil && !c.Live {
		for _, i := range unmet(r, c.Only) {
			c.tell(ctx, note{Event: "unmet", Count: int64(i)})
		}
	}
	stats := s.Stats()
	nothing := stats.SentUpdates == 0 && stats.ReceivedUpdates == 0
	if stats.Peer != (replicate.ReplicaID{}) && (err == nil || !nothing) {
		c.tell(ctx, note{Event: "session", Stats: summarize(stats, start)})
	}
	return err
}

// watchSession tells how a session goes, and has it finish when asked to.
func watchSession(ctx context.Context, s *replicate.Session, c *call, ended <-chan error) {
	tick := time.NewTicker(glance)
	defer tick.Stop()
	finish, met, synced := c.finish, false, false
	look := func() {
		stats := s.Stats()
		id := stats.Peer.Short()
		if !met && stats.Peer != (replicate.ReplicaID{}) {
			met = true
			c.tell(ctx, note{Event: "met", Peer: id})
		}
		if met && !synced && stats.CaughtUp {
			synced = true
			c.tell(ctx, note{Event: "synced", Peer: id})
		}
	}
	for {
		look()
		if finish == nil && synced {
			tick.Stop()
		}
		select {
		case <-tick.C:
		case <-finish:
			s.Finish()
			finish = nil
		case err := <-ended:
			if err == nil {
				look() // it may have been shorter than a glance
			}
			return
		}
	}
}
