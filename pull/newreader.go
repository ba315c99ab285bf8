package pull

import (
	"context"
	"errors"
	"io"
)

// NewReader returns src as an io.Reader, the way back from [Reader]: for an
// HTTP request's body, a decoder, io.Copy. It reads src in calls of Read only,
// one chunk at a time, and holds what is left of that chunk; empty chunks are
// skipped. Src is called under a context of the reader's own, derived from ctx.
//
// Read returns io.EOF at src's end, its failure, or [Cause] of ctx when that is
// done, which interrupts a Read that blocks; the first error is final. Close
// aborts src with [ErrStopped] unless it has ended, interrupts a Read that is
// under way and waits for it, and returns what went wrong in releasing. A Read
// after Close returns ErrStopped. Close must be called.
//
// Read and Close may be called from any goroutine; a Read beside another one
// waits for it.
func NewReader(ctx context.Context, src Source[[]byte]) io.ReadCloser {
	own, cancel := context.WithCancelCause(ctx)
	return &sourceReader{src: src, own: own, cancel: cancel, token: make(chan struct{}, 1)}
}

type sourceReader struct {
	own    context.Context
	cancel context.CancelCauseFunc
	token  chan struct{} // held by whoever uses what follows

	src  Source[[]byte]
	rest []byte // of the chunk read last
	err  error  // what Read returns from now on
}

// Read reads up to len(p) bytes of the chunk that came last, or of the next.
func (r *sourceReader) Read(p []byte) (int, error) {
	r.token <- struct{}{}
	defer func() { <-r.token }()
	if len(p) == 0 && r.err == nil {
		return 0, nil
	}
	for r.err == nil && (len(r.rest) == 0 || r.own.Err() != nil) {
		r.next()
	}
	if r.err != nil {
		return 0, r.err
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// next gets the next chunk, or the end.
func (r *sourceReader) next() {
	done := false
	defer abortUnlessDone(r.own, r.src, &done)
	r.rest, r.err = nil, errPanicked // stands only if src panics
	b, err := r.src(r.own)
	done = true
	switch {
	case err == nil:
		r.rest, r.err = b, nil
		return
	case err == io.EOF && r.own.Err() == nil:
		r.err = io.EOF
	default:
		r.err = ended(r.own, err)
	}
}

// Close ends the source and returns what went wrong in that.
func (r *sourceReader) Close() error {
	r.cancel(ErrStopped)
	r.token <- struct{}{}
	defer func() { <-r.token }()
	if r.err == nil {
		r.next() // the final call
	}
	if r.err == nil {
		r.err = errValueAfterAbort
		return r.err
	}
	var release *ReleaseError
	if errors.As(r.err, &release) {
		return r.err
	}
	return nil
}
