package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"sync"
	"time"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

// A holder serves its replica to other commands over a Unix socket. A
// connection carries one call: a mux session with a stream "call", for the
// request and the notes as JSON lines, and a stream "data", for the bytes in
// and out.
type holder struct {
	perform func(ctx context.Context, c *call) error
	ln      net.Listener
	ctx     context.Context // of the calls
	cancel  context.CancelCauseFunc
	parting chan struct{} // closed when it begins to end
	calls   sync.WaitGroup
}

// Names of the streams of a call.
const (
	streamCall = "call"
	streamData = "data"
)

// parting is how long running calls have when their holder ends.
const parting = 200 * time.Millisecond

var errHolderEnds = errors.New("the weir that held the replica has ended")

// serve starts to serve the replica whose file is at path and locked by us: any
// socket that is there is a dead one.
func serve(path string, perform func(context.Context, *call) error) (*holder, error) {
	var errs []error
	for _, name := range socketPaths(path) {
		ln, err := listenSocket(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		h := &holder{perform: perform, ln: ln, parting: make(chan struct{})}
		h.ctx, h.cancel = context.WithCancelCause(context.Background())
		h.calls.Add(1)
		go h.accept()
		return h, nil
	}
	return nil, errors.Join(errs...)
}

func listenSocket(name string) (net.Listener, error) {
	if err := privateFolder(name); err != nil {
		return nil, err
	}
	if err := removeDead(name); err != nil {
		return nil, err
	}
	ln, err := net.Listen("unix", name)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(name, 0o600); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	return ln, nil
}

// removeDead removes the socket that a killed holder has left. Anything else
// of that name is somebody's file, and stays.
func removeDead(name string) error {
	info, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return errors.New(name + " is there, and no socket")
	}
	return os.Remove(name)
}

func (h *holder) accept() {
	defer h.calls.Done()
	for {
		conn, err := h.ln.Accept()
		if err != nil {
			return
		}
		if !sameUser(conn) {
			_ = conn.Close()
			continue
		}
		h.calls.Add(1)
		go func() {
			defer h.calls.Done()
			h.serve(conn)
		}()
	}
}

// close ends the service: no new calls, and those that run have a moment.
func (h *holder) close(ctx context.Context) {
	_ = h.ln.Close()
	close(h.parting)
	ended := make(chan struct{})
	go func() { h.calls.Wait(); close(ended) }()
	late := time.NewTimer(parting)
	defer late.Stop()
	select {
	case <-ended:
	case <-late.C:
	}
	h.cancel(errHolderEnds)
	<-ended
}

// serve runs the one call of a connection.
func (h *holder) serve(conn net.Conn) {
	session, err := mux.Server(h.ctx, conn, mux.Config{})
	if err != nil {
		return
	}
	ctx, cancel := context.WithCancelCause(h.ctx)
	defer cancel(nil)
	// Whoever called may be killed at any time: then the call is ended.
	stop := context.AfterFunc(ctx, func() { _ = session.Abort(errHolderEnds) })
	go func() {
		<-session.Done()
		cancel(mux.ErrClosed)
	}()
	if err = h.serveCall(ctx, session); err == nil {
		_ = session.Close(ctx) // which the caller ends, having read it all
	}
	stop()
	_ = session.Abort(errHolderEnds)
}

func (h *holder) serveCall(ctx context.Context, session *mux.Session) error {
	control, err := session.Accept(ctx)
	if err != nil {
		return err
	}
	data, err := session.Accept(ctx)
	if err != nil || control.Name() != streamCall || data.Name() != streamData {
		return errors.Join(err, mux.ErrProtocol)
	}
	d, finish := control.Duplex(), make(chan struct{})
	requests := codec.DecodeJSON[request](d.Source, codec.JSONOptions{MaxLine: maxRequest})
	q, err := requests(ctx)
	if err != nil {
		return err
	}
	go func() {
		_, _ = requests(ctx) // ends when the caller wants to finish, or is gone
		close(finish)
	}()
	notes := make(chan note, 16)
	send := func(ctx context.Context, n note) {
		select {
		case notes <- n:
		case <-ctx.Done():
		}
	}
	ends := telling(data.Duplex())
	go func() {
		defer close(notes)
		err := h.perform(ctx, &call{request: q, in: ends.Source, out: ends.Sink, note: send, finish: finish,
			parting: h.parting})
		// What was never written to has ended well: there was nothing to write.
		_ = ends.Sink(ctx, pull.Empty[[]byte]())
		last := note{Event: "end"}
		if err != nil {
			last.End = explain(err)
		}
		send(ctx, last)
	}()
	return d.Sink(ctx, codec.EncodeJSON(pull.FromChan(notes)))
}
