package command

import (
	"context"
	"errors"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/internal/guard"
	"github.com/weir-go/weir/duplex/internal/pump"
	"github.com/weir-go/weir/pull"
)

// source makes the reading half.
func (p *process) source() pull.Source[[]byte] {
	read := pull.Reader((*reader)(p))
	src := pull.From(func(ctx context.Context) ([]byte, error) {
		if err := p.begin(); err != nil {
			return nil, err
		}
		chunk, err := read(ctx)
		if err == io.EOF {
			err = p.await(ctx)
		}
		return chunk, err
	}, func(cause error) error {
		_ = pull.Abort(read, cause) // lets go of a context and a buffer
		p.closeOut()
		p.half()
		return nil
	})
	return func(ctx context.Context) ([]byte, error) {
		if !p.busy.Take() {
			return nil, pull.ErrOverlap
		}
		defer p.busy.Give()
		return src(ctx)
	}
}

// await is the end of stdout: it waits for what the child says about it.
func (p *process) await(ctx context.Context) error {
	select {
	case <-p.exited:
	case <-ctx.Done():
		return pull.Cause(ctx)
	}
	if err := p.status(); err != nil {
		return err
	}
	return io.EOF
}

// reader is process as pull.Reader sees it, once it runs.
type reader process

// Read reads stdout.
func (r *reader) Read(b []byte) (int, error) { return r.out.Read(b) }

// SetReadDeadline interrupts a read. Where pipes have no deadlines the end of
// the child does it.
func (r *reader) SetReadDeadline(t time.Time) error {
	err := r.out.SetReadDeadline(t)
	if errors.Is(err, os.ErrNoDeadline) && !t.IsZero() {
		_ = r.cmd.Process.Kill() // fails only if it has exited
	}
	return nil
}

// closeOut closes stdout. A child that starts only now, because the sink runs
// alone, gets a stdout that nobody reads.
func (p *process) closeOut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deaf = true
	if p.running {
		_ = p.out.Close()
	}
}

// sink is the writing half.
func (p *process) sink(ctx context.Context, src pull.Source[[]byte]) error {
	if !p.used.Take() {
		return guard.Refuse(ctx, src, duplex.ErrUsed)
	}
	defer p.half()
	if ctx.Err() != nil && p.forbid(pull.Cause(ctx)) {
		return guard.Refuse(ctx, src, pull.Cause(ctx))
	}
	if err := p.begin(); err != nil {
		return guard.Refuse(ctx, src, err)
	}
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p.setStop(cancel)
	defer p.setStop(nil)
	return pump.Run(own, src, (*writer)(p))
}

// writer is process as pump.Run sees it, once it runs.
type writer process

// Write writes to stdin. A child that reads no more has stopped us.
func (w *writer) Write(b []byte) (int, error) {
	n, err := w.in.Write(b)
	if errors.Is(err, syscall.EPIPE) {
		w.mu.Lock()
		w.refused = true
		w.mu.Unlock()
		err = pull.ErrStopped
	}
	return n, err
}

// End closes stdin, after which a child may well exit: that stops no sink.
func (w *writer) End() error {
	w.mu.Lock()
	w.ended, w.stop = true, nil
	w.mu.Unlock()
	return w.in.Close()
}

// Cut ends the child before its stdin, unless the child was first.
func (w *writer) Cut(cause error) {
	p := (*process)(w)
	_ = p.in.SetWriteDeadline(time.Unix(1, 0)) // else the child's end does it
	if p.blame(cause) {
		p.terminate(0)
	}
	_ = p.in.Close()
}

// blame notes why the child is terminated, unless it reads no more by itself.
func (p *process) blame(cause error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refused || p.exitedWithin(0) {
		return false
	}
	p.cause = cause
	return true
}
