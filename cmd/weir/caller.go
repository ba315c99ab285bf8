package main

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/through/codec"
)

// maxRequest bounds a request or a note, as a line of JSON.
const maxRequest = 8*replicate.MaxUpdate + 1<<20

// dialHolder connects to whoever holds the replica at path, or returns nil.
func dialHolder(ctx context.Context, path string) net.Conn {
	for _, name := range socketPaths(path) {
		d := net.Dialer{Timeout: patience}
		conn, err := d.DialContext(ctx, "unix", name)
		if err != nil {
			continue
		}
		if sameUser(conn) {
			return conn
		}
		_ = conn.Close()
	}
	return nil
}

// callHolder runs a call by the holder behind conn. Its errors are those that
// the operation had there, and those of reading and writing here.
func callHolder(ctx context.Context, conn net.Conn, c *call) error {
	c = c.withEnds()
	err := callOver(ctx, conn, c)
	cause := err
	if cause == nil {
		cause = pull.ErrStopped
	}
	return firstError(err, pull.Abort(c.in, cause))
}

func callOver(ctx context.Context, conn net.Conn, c *call) error {
	session, err := mux.Client(ctx, conn, mux.Config{})
	if err != nil {
		return fail(exitLocked, "end it, and try again", "who holds the replica does not answer: %w", err)
	}
	defer func() { _ = session.Abort(nil) }()
	control, err := session.Open(ctx, streamCall, nil)
	if err != nil {
		return err
	}
	data, err := session.Open(ctx, streamData, nil)
	if err != nil {
		return err
	}
	own, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var near ends
	var running sync.WaitGroup
	asking, stopAsking := context.WithCancel(own)
	running.Go(func() { _ = duplex.Connect(own, near.of(c), near.far(data.Duplex())) })
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		_ = control.Duplex().Sink(asking, codec.EncodeJSON(askThenFinish(c)))
	}()
	result, err := listen(own, c, control.Duplex().Source)
	if err != nil {
		cancel(err)
	}
	running.Wait() // what the operation has written is all here, or the session is lost
	stopAsking()
	<-asked
	return near.verdict(ctx, result, err)
}

// askThenFinish is what the holder is sent: the request, and the end when the
// operation is to finish.
func askThenFinish(c *call) pull.Source[request] {
	asked := false
	return pull.From(func(ctx context.Context) (request, error) {
		if !asked {
			asked = true
			return c.request, nil
		}
		select {
		case <-c.finish:
			return request{}, io.EOF
		case <-ctx.Done():
			return request{}, pull.Cause(ctx)
		}
	}, nil)
}

// listen passes notes on until the last one, and returns what that says.
func listen(ctx context.Context, c *call, src pull.Source[[]byte]) (*failure, error) {
	notes := codec.DecodeJSON[note](src, codec.JSONOptions{MaxLine: maxRequest})
	for n, err := range notes.All(ctx) {
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, err
		case err != nil:
			return nil, fail(exitFailed, "try again", "%w: %w", errHolderEnds, err)
		case n.Event == "end":
			return n.End, nil
		}
		c.tell(ctx, n)
	}
	return nil, errHolderEnds
}

// ends are the near ends of a call, with their failures noted: the holder
// knows only that there was one.
type ends struct{ in, out error }

func (l *ends) of(c *call) duplex.Duplex[[]byte, []byte] {
	return duplex.Duplex[[]byte, []byte]{
		Source: func(ctx context.Context) ([]byte, error) {
			chunk, err := c.in(ctx)
			if err != nil && err != io.EOF && ctx.Err() == nil {
				l.in = err
			}
			return chunk, err
		},
		Sink: func(ctx context.Context, src pull.Source[[]byte]) error {
			far := false // the failure comes from there
			err := c.out(ctx, func(ctx context.Context) ([]byte, error) {
				chunk, err := src(ctx)
				far = far || err != nil
				return chunk, err
			})
			if far {
				return err
			}
			l.out = err
			return lastWords(err)
		},
	}
}

// far is the far end d, of which the operation may refuse what we send while
// its own last words are still on their way. Its note says why.
func (l *ends) far(d duplex.Duplex[[]byte, []byte]) duplex.Duplex[[]byte, []byte] {
	return duplex.Duplex[[]byte, []byte]{
		Source: d.Source,
		Sink: func(ctx context.Context, src pull.Source[[]byte]) error {
			err := d.Sink(ctx, src)
			if l.in != nil {
				return err
			}
			return lastWords(err)
		},
	}
}

// lastWords keeps a reader who wants no more, whatever the reason, from ending
// the other direction, in which it may be saying that reason.
func lastWords(err error) error {
	var refused *mux.StreamError
	if errors.As(err, &refused) && refused.Remote {
		return pull.ErrStopped
	}
	return err
}

// verdict picks what tells most of the ends' failures, the operation's result
// and the failure of the connection to the holder.
func (l *ends) verdict(ctx context.Context, result *failure, lost error) error {
	switch {
	case ctx.Err() != nil:
		return pull.Cause(ctx)
	case result != nil && result.Code == exitIdentity:
		return result // whoever is refused hangs up, and that is no news
	case l.out != nil:
		return l.out
	case l.in != nil && (result != nil || lost != nil):
		return l.in
	case lost != nil:
		return lost
	case result != nil:
		return result
	}
	return nil
}
