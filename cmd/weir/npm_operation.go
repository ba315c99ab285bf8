package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/npm"
)

// npmOperations are what the commands of weir npm do to a replica.
var npmOperations = map[string]operation{
	"npm session": {run: onNpm(opNpmSession), alters: true},
	"npm write":   {run: onNpm(opNpmWrite), writes: true},
	"npm load":    {run: onNpm(opNpmLoad), writes: true},
	"npm show":    {run: onNpm(opNpmShow)},
	"npm watch":   {run: onNpm(opNpmWatch)},
	"npm dump":    {run: onNpm(opNpmDump)},
}

func onNpm(
	f func(context.Context, *npm.Scuttlebutt, *call) error,
) func(context.Context, *journal.Journal, *call) error {
	return func(ctx context.Context, j *journal.Journal, c *call) error {
		if c.Npm == nil {
			return fail(exitProtocol, "use the same weir everywhere", "no object is named")
		}
		s, err := c.Npm.open(j.Replica())
		if err != nil {
			return err
		}
		return f(ctx, s, c)
	}
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

// npmDumps is the hint for what is no dump.
const npmDumps = "a dump is what createReadStream and 'weir npm dump' write"

func opNpmLoad(ctx context.Context, s *npm.Scuttlebutt, c *call) error {
	in, begin := noticed(c.in)
	stats, err := s.Load(ctx, in)
	if ferr := s.Replica().Flush(context.WithoutCancel(ctx)); ferr != nil {
		return ferr
	}
	switch {
	case err == nil:
		c.tell(ctx, note{Event: "loaded", Count: stats.AppliedUpdates, Peer: stats.Peer.ID})
		return nil
	case begin.isDump():
		return fail(exitProtocol, "'weir load R' takes it in", "stdin: it is a dump of weir's own")
	case ctx.Err() == nil && errors.Is(err, io.ErrUnexpectedEOF) && begin.isEmpty():
		return fail(exitPartial, npmDumps, "stdin: it is empty")
	}
	if stats.ReceivedLines > 1 { // the first is a header
		c.tell(ctx, note{Event: "cut", Count: stats.AppliedUpdates, Peer: stats.Peer.ID})
	}
	switch {
	case ctx.Err() == nil && errors.Is(err, io.ErrUnexpectedEOF):
		return fail(exitPartial, "get the whole dump and load it again: nothing is loaded twice",
			"stdin: the dump is cut off behind line %d", stats.ReceivedLines)
	case errors.Is(err, npm.ErrLine) && stats.ReceivedLines > 1:
		return fail(exitCorrupt, "the lines before it are loaded", "stdin: %w", err)
	case errors.Is(err, npm.ErrLine):
		return fail(exitCorrupt, npmDumps, "stdin: %w", err)
	}
	return fmt.Errorf("stdin: %w", err)
}

// npmLoaded says what a dump has brought.
func (e *env) npmLoaded(_ context.Context, n note) {
	if n.Event == "cut" {
		e.tell(n, "loaded a part of a dump of %s, %s new", n.Peer, plural(n.Count, "update"))
		return
	}
	e.tell(n, "loaded a dump of %s, %s new", n.Peer, plural(n.Count, "update"))
}

// A beginning is the first bytes of an input, by which it is told apart from
// others.
type beginning []byte

// noticed is src, whose beginning is noticed on its way.
func noticed(src pull.Source[[]byte]) (pull.Source[[]byte], *beginning) {
	b := new(beginning)
	return func(ctx context.Context) ([]byte, error) {
		chunk, err := src(ctx)
		*b = append(*b, chunk[:min(len(chunk), 16-len(*b))]...)
		return chunk, err
	}, b
}

func (b beginning) isEmpty() bool { return len(b) == 0 }

// isDump reports whether it is a stream of weir's: a frame's length, and the name.
func (b beginning) isDump() bool {
	return !b.isLines() && bytes.Contains(b[:min(len(b), 8)], []byte("weir"))
}

// isLines reports whether it is lines of JSON, as of an export or a dump of npm's.
func (b beginning) isLines() bool { return bytes.HasPrefix(bytes.TrimSpace(b), []byte("{")) }
