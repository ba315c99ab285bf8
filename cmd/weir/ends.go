package main

import (
	"context"
	"errors"
	"io"
	"sync"
	"syscall"

	"github.com/weir-go/weir/pull"
)

// input is stdin as a source. A read that waits for input cannot be
// interrupted everywhere; so it is left behind on its goroutine when the
// command has to end, which then ends the process.
//
// It is not that of duplex.Stdio, which must leave nothing behind: on Windows,
// and anywhere for a descriptor beyond 1023, its abort waits for a key or the
// end of input, and with it Ctrl-C. Nor is stdin always the process's own.
func (e *env) input() pull.Source[[]byte] {
	type result struct {
		chunk []byte
		err   error
	}
	results, wanted := make(chan result), make(chan struct{})
	start := sync.OnceFunc(func() {
		read := pull.Reader(onlyReader{e.stdin})
		go func() {
			for range wanted {
				chunk, err := read(context.Background())
				select {
				case results <- result{chunk, err}:
				case <-wanted: // closed: nobody waits
					return
				}
			}
		}()
	})
	return pull.From(func(ctx context.Context) ([]byte, error) {
		start()
		wanted <- struct{}{}
		select {
		case r := <-results:
			return r.chunk, r.err
		case <-ctx.Done():
			return nil, pull.Cause(ctx)
		}
	}, func(error) error {
		close(wanted)
		return nil
	})
}

// onlyReader hides deadlines, which inherited files claim to have.
type onlyReader struct{ io.Reader }

// output is stdout as a sink.
func (e *env) output() pull.Sink[[]byte] {
	sink := pull.Writer(onlyWriter{e.stdout})
	return func(ctx context.Context, src pull.Source[[]byte]) error {
		return outputError(sink(ctx, src))
	}
}

// onlyWriter hides deadlines, as onlyReader does.
type onlyWriter struct{ io.Writer }

// peerOutput is stdout as the way to a peer, who must see its end.
func (e *env) peerOutput() pull.Sink[[]byte] {
	sink := pull.Writer(onlyWriter{e.stdout})
	return func(ctx context.Context, src pull.Source[[]byte]) error {
		err := sink(ctx, src)
		if c, ok := e.stdout.(io.Closer); ok {
			if cerr := c.Close(); err == nil {
				err = cerr
			}
		}
		return err
	}
}

// outputError tells an output that nobody reads from other failures.
func outputError(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return errBrokenPipe
	}
	return err
}
