package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/npm"
)

// npmOperations are what the commands of weir npm do to a replica.
var npmOperations = map[string]operation{
	"npm session": onNpm(opNpmSession, false), "npm write": onNpm(opNpmWrite, true),
	"npm show": onNpm(opNpmShow, false), "npm dump": onNpm(opNpmDump, false), "npm load": onNpm(opNpmLoad, true),
}

func onNpm(f func(context.Context, *npm.Scuttlebutt, *call) error, writes bool) operation {
	return operation{writes: writes, run: func(ctx context.Context, j *journal.Journal, c *call) error {
		if c.Npm == nil {
			return fail(exitProtocol, "use the same weir everywhere", "no object is named")
		}
		s, err := c.Npm.open(j.Replica())
		if err != nil {
			return err
		}
		return f(ctx, s, c)
	}}
}

// opNpmSession keeps the object equal to the program behind the call's ends. It
// tells "met" once that has said who it is, and "synced" once both are equal.
func opNpmSession(ctx context.Context, s *npm.Scuttlebutt, c *call) error {
	cfg := npm.SyncConfig{Once: !c.Live, SendOnly: c.Deaf}
	if cfg.Once {
		cfg.HandshakeTimeout = patience
	}
	t := s.NewSession(cfg)
	ended, watched := make(chan struct{}), make(chan struct{})
	parted := false
	go func() {
		defer close(watched)
		parted = watchNpm(ctx, t, c, ended)
	}()
	err := t.Run(ctx, c.duplex())
	close(ended)
	<-watched
	switch {
	case errors.Is(err, replicate.ErrHandshake):
		err = fail(exitProtocol, "is it a program with npm's scuttlebutt that listens there?",
			"connected, but no header has come in %v", patience)
	case errors.Is(err, errClosing):
		err = nil
	case err == nil && parted:
		err = errHolderEnds
	}
	if ferr := s.Replica().Flush(context.WithoutCancel(ctx)); err == nil {
		err = ferr
	}
	return err
}

// watchNpm tells how a session goes, and has it finish when asked to, or when the
// holder ends, which it reports.
func watchNpm(ctx context.Context, t *npm.Session, c *call, ended <-chan struct{}) (parted bool) {
	tick := time.NewTicker(glance)
	defer tick.Stop()
	finish, parting, met, synced := c.finish, c.parting, false, false
	look := func() {
		stats := t.Stats()
		if !met && stats.Peer.Clock != nil {
			met = true
			c.tell(ctx, note{Event: "met", Peer: stats.Peer.ID})
		}
		if met && !synced && stats.CaughtUp {
			synced = true
			c.tell(ctx, note{Event: "synced", Peer: stats.Peer.ID})
		}
	}
	for {
		look()
		if synced {
			tick.Stop()
		}
		select {
		case <-tick.C:
		case <-finish:
			t.Finish()
			finish = nil
		case <-parting:
			t.Finish()
			parting, parted = nil, finish != nil
		case <-ended:
			look() // it may have been shorter than a glance
			return parted
		}
	}
}

func opNpmWrite(_ context.Context, s *npm.Scuttlebutt, c *call) error {
	for _, change := range c.Values {
		if _, err := s.Write(change); err != nil {
			return err
		}
	}
	return nil
}

func opNpmShow(ctx context.Context, s *npm.Scuttlebutt, c *call) error {
	return c.write(ctx, append(s.JSON(), '\n'))
}

func opNpmDump(ctx context.Context, s *npm.Scuttlebutt, c *call) error { return c.out(ctx, s.Dump()) }

func opNpmLoad(ctx context.Context, s *npm.Scuttlebutt, c *call) error {
	stats, err := s.Load(ctx, c.in)
	if ferr := s.Replica().Flush(context.WithoutCancel(ctx)); ferr != nil {
		return ferr
	}
	c.tell(ctx, note{Event: "loaded", Count: stats.AppliedUpdates, Peer: stats.Peer.ID})
	switch {
	case err == nil:
		return nil
	case ctx.Err() == nil && errors.Is(err, io.ErrUnexpectedEOF):
		return fail(exitPartial, "get the whole dump and load it again: nothing is loaded twice",
			"stdin: the dump is cut off behind line %d", stats.ReceivedLines)
	case errors.Is(err, npm.ErrLine):
		return fail(exitCorrupt, "the lines before it are loaded", "stdin: %w", err)
	}
	return fmt.Errorf("stdin: %w", err)
}

// npmLoaded says what a dump has brought.
func (e *env) npmLoaded(_ context.Context, n note) {
	e.tell(n, "loaded a dump of %s, %s new", n.Peer, plural(n.Count, "update"))
}
