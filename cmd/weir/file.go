package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"time"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate/journal"
)

// patience is how long short commands wait for each other.
const patience = 5 * time.Second

// A replicaFile is the replica R as a command sees it. Its operations run here
// if we can lock the file, and otherwise through the socket of whoever holds
// it. It may be used by several goroutines.
type replicaFile struct {
	path string
	e    *env
	hold bool // serve others, since we are going to have the file for long

	limits *limits // of sessions; nil: none
	gate   *gate   // of sessions; nil: the usual identity, and nobody pinned
	asItIs bool    // do not compact it unasked
	reads  bool    // a file that cannot be written will do

	// broken ends a command that holds the file, since nothing can be written
	// to it any more. May be nil.
	broken context.CancelCauseFunc

	token  chan struct{}    // held while the fields below are looked at
	j      *journal.Journal // nil while we do not have the file
	server *holder          // nil unless we serve
	closed bool
}

func (e *env) open(path string) *replicaFile {
	return &replicaFile{path: path, e: e, token: make(chan struct{}, 1)}
}

// do opens R, runs one operation on it, and closes it. Its output goes to
// stdout, if the call does not say otherwise.
func (e *env) do(ctx context.Context, path string, c *call) error {
	r := e.open(path)
	r.reads = c.reads()
	if c.out == nil {
		c.out = e.output()
	}
	c.Paper = e.out
	err := r.do(ctx, c)
	return firstError(err, r.close(ctx))
}

// do runs the operation of c, here or by the holder. Input that was not
// wanted is aborted.
func (r *replicaFile) do(ctx context.Context, c *call) error {
	j, conn, err := r.reach(ctx)
	switch {
	case err != nil:
		if c.in != nil {
			_ = pull.Abort(c.in, err)
		}
		return err
	case conn != nil:
		return inHint(callHolder(ctx, conn, c), r.path, c.Name)
	}
	return inHint(r.perform(ctx, j, c), r.path, c.Name)
}

func (r *replicaFile) perform(ctx context.Context, j *journal.Journal, c *call) error {
	err := r.gone(j, c)
	if err == nil {
		err = perform(ctx, j, c)
	} else if c.in != nil {
		_ = pull.Abort(c.in, err)
	}
	var lost *journal.WriteError
	if r.broken != nil && errors.As(err, &lost) {
		r.broken(err)
	}
	return err
}

// gone is the failure of a write to a file that was deleted or replaced while
// we have it open: it would be acknowledged and go with us. What the file held
// can still be read.
func (r *replicaFile) gone(j *journal.Journal, c *call) error {
	if !operations[c.Op].writes {
		return nil
	}
	if j.InPlace() == nil {
		return nil
	}
	return fail(exitFailed, "'weir dump R' still writes what it held; end the weir that holds it, then try again",
		"%s was deleted or replaced while it is in use", r.path)
}

// sync runs the session of c with the peer behind d, within the limits, and ends
// both halves.
func (r *replicaFile) sync(ctx context.Context, c *call, d duplex.Duplex[[]byte, []byte]) error {
	d = r.limits.paced(d)
	c.in, c.out = d.Source, d.Sink
	err := r.do(ctx, c)
	cause := err
	if cause == nil {
		cause = pull.ErrStopped
	}
	return firstError(err, d.Close(cause))
}

// ready makes sure that R can be worked on, before anything else is begun.
func (r *replicaFile) ready(ctx context.Context) error {
	_, conn, err := r.reach(ctx)
	if conn != nil {
		_ = conn.Close()
	}
	return err
}

// reach returns R's journal, or else a connection to whoever holds it.
func (r *replicaFile) reach(ctx context.Context) (*journal.Journal, net.Conn, error) {
	r.token <- struct{}{}
	defer func() { <-r.token }()
	deadline := time.Now().Add(patience)
	for {
		if r.j != nil {
			return r.j, nil, nil
		}
		if r.closed {
			return nil, nil, errClosing
		}
		if conn := dialHolder(ctx, r.path); conn != nil {
			return nil, conn, nil
		}
		err := r.tryOpen(ctx)
		switch {
		case err == nil || errors.Is(err, journal.ErrLocked) && time.Now().Before(deadline):
		case errors.Is(err, journal.ErrLocked):
			return nil, nil, fail(exitLocked, "wait until it is done, or end it; a program of your own "+
				"that has the file open serves no commands, as 'weir peer' does",
				"%s is in use by another process, and was for %v", r.path, patience)
		default:
			return nil, nil, err
		}
		if ctx.Err() != nil {
			return nil, nil, pull.Cause(ctx)
		}
	}
}

var errClosing = errors.New("the replica is being closed")

// tryOpen opens the file, waiting a moment for its lock.
func (r *replicaFile) tryOpen(ctx context.Context) error {
	cfg, end := r.e.reading(r.path)
	cfg.LockWait = 50 * time.Millisecond
	cfg.Sync, cfg.Interval = r.e.fsync.policy, r.e.fsync.interval
	cfg.Compact.Off = r.asItIs
	cfg.Compacted = r.compacted
	cfg.Signed = r.signing
	j, err := journal.Open(ctx, r.path, cfg)
	var unwritten *journal.WriteError
	viewed := r.reads && errors.As(err, &unwritten)
	if viewed {
		j, err = journal.View(ctx, r.path, cfg)
	}
	end()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return noReplica(r.path)
	case err != nil:
		return err
	}
	r.j = j
	r.warn(j.Recovery(), viewed)
	if r.hold {
		here := func(ctx context.Context, c *call) error {
			err := r.perform(ctx, j, c)
			if errors.Is(err, errPanic) {
				r.e.say("note: what another weir has asked for (%s) failed: %s; %s", escape(c.Op), plain(err), bugHint)
			}
			return err
		}
		if r.server, err = serve(r.path, here); err != nil {
			r.e.say("note: other commands cannot reach %s while it is held: %s", r.path, plain(err))
		}
	}
	return nil
}

// compacted tells of a file that was compacted unasked, if we have it for long.
func (r *replicaFile) compacted(c journal.Compaction, err error) {
	switch {
	case err != nil:
		r.e.say("note: %s could not be compacted: %s", escape(r.path), plain(err))
	case r.hold:
		r.e.tell(compactEvent{"compacted", r.path, shrunk(c)}, "compacted %s: %s before, %s after",
			r.path, formatSize(c.Before), formatSize(c.After))
	}
}

// A compactEvent is what peer and the like tell with --json.
type compactEvent struct {
	Event string `json:"event"`
	Path  string `json:"path"`
	shrinking
}

// warn says what opening has found behind what is good.
func (r *replicaFile) warn(rec journal.Recovery, viewed bool) {
	switch n, path := rec.TornBytes, escape(r.path); {
	case n == 0 || rec.InUse:
	case viewed:
		r.e.say("note: the last %d bytes of %s are not whole, and left out: %s", n, path, howTorn)
	case rec.Saved != "":
		r.e.say("note: the last %d bytes of %s were not whole, and are in %s now: %s", n, path, escape(rec.Saved), howTorn)
	default:
		r.e.say("note: %s ended in %d bytes of a write that was cut short; they are gone, "+
			"nothing acknowledged was in them", path, n)
	}
}

// howTorn is how a file comes to end in the middle of something.
const howTorn = "a write was cut short, or the file was"

// close ends what is open. Calls that are still running are ended with it,
// after they had a moment.
func (r *replicaFile) close(ctx context.Context) error {
	r.token <- struct{}{}
	defer func() { <-r.token }()
	r.closed = true
	if r.server != nil {
		r.server.close(ctx)
		r.server = nil
	}
	if r.j == nil {
		return nil
	}
	err := r.j.Close()
	r.j = nil
	return err
}

func noReplica(path string) *failure {
	return fail(exitNoReplica, "'weir init "+escape(path)+"' makes one", "no replica at %s", path)
}
