package rpc

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/mux/internal/ends"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

const (
	controlName = "rpc"     // of the streams that carry messages
	streamNames = "stream/" // and the number, of those that carry a value
)

func streamName(id uint64) string { return streamNames + strconv.FormatUint(id, 10) }

// An acceptor takes the streams of the other side.
type acceptor struct {
	control chan *mux.Stream // the one that carries messages
	ended   chan struct{}    // closed when no more come
	streams sync.WaitGroup   // those that are served
}

// Over starts a Peer over a mux session, which is the Peer's from now on and
// ends with it. Both ends call it, client or server. Messages go over a stream
// each way; those of Config.MaxStreams that are left are for the streams that
// are passed in calls.
//
// It fails as Session.Open does; then the session is left as it was.
func Over(ctx context.Context, s *mux.Session, methods any, cfg Config) (*Peer, error) {
	own, err := s.Open(ctx, controlName, nil)
	if err != nil {
		return nil, err
	}
	p := newPeer(methods, cfg)
	p.session = s
	p.accepts = &acceptor{control: make(chan *mux.Stream, 1), ended: make(chan struct{})}
	go p.accept()
	p.start(duplex.Duplex[frame.Msg, frame.Msg]{
		Source: pull.Late(p.control),
		Sink: func(ctx context.Context, src pull.Source[frame.Msg]) error {
			return released(own.Duplex().Sink(ctx, frame.JoinLines(src)), own.Duplex().Source)
		},
	})
	return p, nil
}

// control is the source of messages, once the other side has opened it.
func (p *Peer) control(ctx context.Context) (pull.Source[frame.Msg], error) {
	select {
	case st := <-p.accepts.control:
		_ = st.Duplex().Sink(ctx, pull.Empty[[]byte]())
		return frame.Lines(st.Duplex().Source, p.cfg.MaxMessage), nil
	case <-p.accepts.ended:
		return nil, p.sessionEnd()
	case <-ctx.Done():
		return nil, pull.Cause(ctx)
	}
}

func (p *Peer) sessionEnd() error {
	if err := p.session.Err(); err != nil {
		return err
	}
	return mux.ErrClosed
}

// accept takes the other side's streams until the session ends.
func (p *Peer) accept() {
	defer close(p.accepts.ended)
	for {
		st, err := p.session.Accept(p.hard)
		if err != nil {
			return
		}
		number, isValue := strings.CutPrefix(st.Name(), streamNames)
		id, err := strconv.ParseUint(number, 10, 53)
		switch {
		case st.Name() == controlName:
			select {
			case p.accepts.control <- st:
			default:
				refuseStream(st)
			}
		case isValue && err == nil:
			p.accepts.streams.Go(func() { p.serveStream(st, id) })
		default:
			refuseStream(st)
		}
	}
}

func refuseStream(st *mux.Stream) {
	_ = st.Duplex().Close(&mux.StreamError{Code: mux.CodeRefused, Text: "no such stream"})
}

// serveStream serves a stream that was passed, and is so used up.
func (p *Peer) serveStream(st *mux.Stream, id uint64) {
	serve := p.take(id)
	if serve == nil {
		refuseStream(st)
		return
	}
	ends.Guarded(func() error { return serve(p.hard, st.Duplex()) }, func(err error) {
		if pe, ok := err.(*pull.PanicError); ok {
			_ = st.Duplex().Close(&mux.StreamError{Code: mux.CodeFailed, Text: "panic"})
			if p.cfg.Failed != nil {
				p.cfg.Failed(pe)
			}
		}
	})
}

// endSession ends the session of a Peer that has ended. After a clean end the
// streams that are open go on to theirs.
func (p *Peer) endSession() {
	if p.session == nil {
		return
	}
	if err := p.Err(); err != nil {
		_ = p.session.Abort(err)
	} else {
		_ = p.session.Close(p.hard)
	}
	<-p.accepts.ended
	p.accepts.streams.Wait()
}
