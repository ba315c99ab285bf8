package rpc

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux/internal/ends"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

// What stands in the place of a stream.
const (
	standSource = "[Source]"
	standSink   = "[Sink]"
	standDuplex = "[Duplex]"
)

// A Source is a pull.Source that may be sent: convert it to one, and back. The
// receiver's is opened by its first call, which may come once; its values are
// those that encoding/json makes of the sender's, and chunks of bytes stay
// chunks of bytes, so T must be []byte at both ends or at neither. It ends as
// the sender's does, with a mux.StreamError for its failure, and its abort
// reaches the sender's. It reads ahead by what a mux stream does.
type Source[T any] func(context.Context) (T, error)

// A Sink is a pull.Sink that may be sent, as a Source may. The receiver's may
// be called once. It returns nil when the sender's has: a failure of it is a
// mux.StreamError.
type Sink[T any] func(context.Context, pull.Source[T]) error

// A Duplex is a duplex.Duplex that may be sent: the receiver reads and writes
// what its sender would have. Its two halves share a stream, which the first
// call of either opens, and both must be ended.
type Duplex[R, W any] duplex.Duplex[R, W]

// A receivable takes the place of a stream that arrives.
type receivable interface{ receive(r *ref) }

// stream registers a stream at the path at hand.
func (e *encoder) stream(stand string, serve streamServer, drop func(error)) error {
	if e.p.session == nil {
		return ErrNoStreams
	}
	id, err := e.p.register(&entry{stream: serve, drop: drop})
	if err != nil {
		return err
	}
	e.streams = append(e.streams, placed{id: id, path: slices.Clone(e.path)})
	return e.plain(stand)
}

func (s Source[T]) sent(e *encoder) error {
	src := pull.Source[T](s)
	return e.stream(standSource, func(ctx context.Context, d duplex.Duplex[[]byte, []byte]) error {
		return released(d.Sink(ctx, encoded(src)), d.Source)
	}, func(cause error) { _ = pull.Abort(src, cause) })
}

func (s Sink[T]) sent(e *encoder) error {
	maxLine := e.p.cfg.MaxMessage
	return e.stream(standSink, func(ctx context.Context, d duplex.Duplex[[]byte, []byte]) error {
		if err := s(ctx, decoded[T](d.Source, maxLine)); err != nil {
			return errors.Join(err, d.Close(err))
		}
		return d.Sink(ctx, pull.Empty[[]byte]()) // which says that it went well
	}, func(cause error) { _ = duplex.Duplex[T, T]{Sink: pull.Sink[T](s)}.Close(cause) })
}

func (s Duplex[R, W]) sent(e *encoder) error {
	maxLine, own := e.p.cfg.MaxMessage, duplex.Duplex[R, W](s)
	return e.stream(standDuplex, func(ctx context.Context, d duplex.Duplex[[]byte, []byte]) error {
		return duplex.Connect(ctx, own, typed[W, R](d, maxLine))
	}, func(cause error) { _ = own.Close(cause) })
}

// UnmarshalJSON accepts what stands in a source's place, or null.
func (s *Source[T]) UnmarshalJSON(b []byte) error { return standIn(b) }

// UnmarshalJSON accepts what stands in a sink's place, or null.
func (s *Sink[T]) UnmarshalJSON(b []byte) error { return standIn(b) }

// UnmarshalJSON accepts what stands in a duplex's place, or null.
func (s *Duplex[R, W]) UnmarshalJSON(b []byte) error { return standIn(b) }

func (s *Source[T]) receive(r *ref)    { *s = receivedSource[T](r) }
func (s *Sink[T]) receive(r *ref)      { *s = receivedSink[T](r) }
func (s *Duplex[R, W]) receive(r *ref) { *s = receivedDuplex[R, W](r) }

// open opens the stream of a number at the other side, which knows it once.
func (r *ref) open(ctx context.Context) (duplex.Duplex[[]byte, []byte], error) {
	if r.p.session == nil {
		return duplex.Duplex[[]byte, []byte]{}, ErrNoStreams
	}
	r.cleanup.Stop() // it could come before the stream
	runtime.KeepAlive(r)
	st, err := r.p.session.Open(ctx, streamName(r.id), nil)
	if err != nil {
		r.p.cull(r.id)
		return duplex.Duplex[[]byte, []byte]{}, err
	}
	return st.Duplex(), nil
}

func receivedSource[T any](r *ref) Source[T] {
	return Source[T](pull.Late(func(ctx context.Context) (pull.Source[T], error) {
		d, err := r.open(ctx)
		if err != nil {
			return nil, err
		}
		// The sender may have ended both by now; the source says how.
		_ = d.Sink(ctx, pull.Empty[[]byte]())
		return decoded[T](d.Source, r.p.cfg.MaxMessage), nil
	}))
}

func receivedSink[T any](r *ref) Sink[T] {
	return func(ctx context.Context, src pull.Source[T]) error {
		if ctx.Err() != nil {
			return ends.Refuse(ctx, src, pull.Cause(ctx))
		}
		d, err := r.open(ctx)
		if err != nil {
			return ends.Refuse(ctx, src, err)
		}
		if err := d.Sink(ctx, encoded(src)); err != nil {
			return released(err, d.Source)
		}
		switch _, err := d.Source(ctx); err { // the verdict
		case nil:
			return released(&ProtocolError{Detail: "a sink that sends"}, d.Source)
		case io.EOF:
			return nil
		default:
			return err
		}
	}
}

// A halves is a duplex that the first call of either half opens.
type halves struct {
	ref   *ref
	token chan struct{} // 1 slot: held by who opens
	d     *duplex.Duplex[[]byte, []byte]
	left  error // why the source has gone without having been opened
}

func receivedDuplex[R, W any](r *ref) Duplex[R, W] {
	h := &halves{ref: r, token: make(chan struct{}, 1)}
	maxLine := r.p.cfg.MaxMessage
	late := pull.Late(func(ctx context.Context) (pull.Source[[]byte], error) {
		d, err := h.open(ctx)
		return d.Source, err
	})
	source := func(ctx context.Context) ([]byte, error) {
		if ctx.Err() != nil {
			h.leave(pull.Cause(ctx))
		}
		return late(ctx)
	}
	sink := func(ctx context.Context, src pull.Source[[]byte]) error {
		if ctx.Err() != nil && !h.opened() {
			return ends.Refuse(ctx, src, pull.Cause(ctx))
		}
		d, err := h.open(ctx)
		if err != nil {
			return ends.Refuse(ctx, src, err)
		}
		return d.Sink(ctx, src)
	}
	return Duplex[R, W](typed[R, W](duplex.Duplex[[]byte, []byte]{Source: source, Sink: sink}, maxLine))
}

// open opens the stream, the first time.
func (h *halves) open(ctx context.Context) (duplex.Duplex[[]byte, []byte], error) {
	h.token <- struct{}{}
	defer func() { <-h.token }()
	if h.d != nil {
		return *h.d, nil
	}
	d, err := h.ref.open(ctx)
	if err != nil {
		return d, err
	}
	h.d = &d
	if h.left != nil {
		err = pull.Abort(d.Source, h.left)
	}
	return d, err
}

func (h *halves) opened() bool {
	h.token <- struct{}{}
	defer func() { <-h.token }()
	return h.d != nil
}

// leave notes that the source is not wanted, if it was not opened; then who
// opens it for the sink ends it.
func (h *halves) leave(cause error) {
	h.token <- struct{}{}
	defer func() { <-h.token }()
	if h.left == nil {
		h.left = cause
	}
}

// released ends what is left of a stream after err, which it returns.
func released(err error, src pull.Source[[]byte]) error {
	if rerr := pull.Abort(src, err); rerr != nil && err != nil {
		return &pull.ReleaseError{Cause: err, Err: rerr}
	}
	return err
}

// encoded makes bytes of values.
func encoded[T any](src pull.Source[T]) pull.Source[[]byte] {
	if chunks, ok := any(src).(pull.Source[[]byte]); ok {
		return chunks
	}
	return codec.EncodeJSON(src)
}

// decoded makes values of bytes.
func decoded[T any](src pull.Source[[]byte], maxLine int) pull.Source[T] {
	if chunks, ok := any(src).(pull.Source[T]); ok {
		return chunks
	}
	return codec.DecodeJSON[T](src, codec.JSONOptions{MaxLine: maxLine})
}

// typed puts the codecs around a stream.
func typed[R, W any](d duplex.Duplex[[]byte, []byte], maxLine int) duplex.Duplex[R, W] {
	return duplex.Map(d, func(src pull.Source[[]byte]) pull.Source[R] {
		return decoded[R](src, maxLine)
	}, encoded[W])
}
