package mux_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
)

// stamped is a payload whose bytes tell their offset, eight by eight: what
// comes twice, or not at all, shows.
var stamped = func() []byte {
	b := make([]byte, 4<<20)
	for i := 0; i < len(b); i += 8 {
		binary.BigEndian.PutUint64(b[i:], uint64(i)*0x9E3779B97F4A7C15)
	}
	return b
}()

// A half is one end of a stream in use: it sends so many bytes of stamped, and
// reads to the end.
type half struct {
	sends int
	waits bool // it does not end then

	ends, aborts int   // of the payload's source, as its sink saw to it
	cause        error // of the abort
	sank         error // what the sink returned

	got   int  // bytes
	wrong bool // they were not those that were sent
	read  error
	again error // what the source returned when it was asked again
}

// source is what the half sends. It counts how it ends.
func (h *half) source() pull.Source[[]byte] {
	at := 0
	return func(ctx context.Context) ([]byte, error) {
		if ctx.Err() == nil && at == h.sends && h.waits {
			<-ctx.Done()
		}
		switch {
		case ctx.Err() != nil:
			h.aborts++
			h.cause = pull.Cause(ctx)
			return nil, h.cause
		case at == h.sends:
			h.ends++
			return nil, io.EOF
		}
		n := min(3000, h.sends-at)
		at += n
		return stamped[at-n : at], nil
	}
}

// use runs both directions to their ends.
func (h *half) use(ctx context.Context, st *mux.Stream) {
	d := st.Duplex()
	sank := later(func() error { return d.Sink(ctx, h.source()) })
	for h.read == nil {
		var chunk []byte
		chunk, h.read = d.Source(ctx)
		end := h.got + len(chunk)
		h.wrong = h.wrong || end > len(stamped) || !bytes.Equal(chunk, stamped[h.got:end])
		h.got = end
	}
	_, h.again = d.Source(ctx)
	h.sank = <-sank
}

// plan says what the streams of a talk send, by their names: the client's half
// and the server's.
type plan map[string][2]half

// usual has a bulk each way and one stream that stays open.
func usual(size int) plan {
	return plan{
		"up":   {{sends: size}, {}},
		"down": {{}, {sends: size}},
		"both": {{sends: size, waits: true}, {sends: size, waits: true}},
	}
}

// A side is one end of a talk.
type side struct {
	err     error // of the handshakes, or the session's cause
	session *mux.Session
	halves  map[string]*half
	refused []error // what Open or Accept said
}

// run carries out one side of the plan over conn and returns when the session
// has ended.
func (s *side) run(ctx context.Context, c cell, conn net.Conn, p plan, client bool) {
	s.halves = map[string]*half{}
	conn, s.err = c.wrap(ctx, conn, client)
	if s.err != nil {
		return
	}
	if s.session, s.err = shake(ctx, conn, client, mux.Config{}); s.err != nil {
		return
	}
	var work sync.WaitGroup
	defer func() {
		work.Wait()
		if ctx.Err() != nil {
			_ = s.session.Abort(pull.Cause(ctx))
		}
		<-s.session.Done()
		s.err = s.session.Err()
	}()
	get := func(name string) (*mux.Stream, error) { return s.session.Open(ctx, name, nil) }
	if !client {
		get = func(string) (*mux.Stream, error) { return s.session.Accept(ctx) }
	}
	for name := range p {
		st, err := get(name)
		if err != nil {
			s.refused = append(s.refused, err)
			return
		}
		h := p[st.Name()][map[bool]int{true: 0, false: 1}[client]]
		s.halves[st.Name()] = &h
		work.Go(func() { h.use(ctx, st) })
	}
}

// A talk is a plan that two sides carry out, until something ends it.
type talk struct {
	client, server side
	over           sync.WaitGroup
}

func startTalk(ctx context.Context, c cell, a, b net.Conn, p plan) *talk {
	k := &talk{}
	k.over.Go(func() { k.client.run(ctx, c, a, p, true) })
	k.over.Go(func() { k.server.run(ctx, c, b, p, false) })
	return k
}

// judge checks that a talk was ended by a fault, as every fault should end it:
// each side has a typed cause, which each of its streams got in each direction
// that had not ended before; each source that was being sent has ended or was
// aborted, once; and what was delivered is what was sent, whole if the end was
// clean.
func (k *talk) judge(t *testing.T, where string) {
	t.Helper()
	for name, s := range map[string]*side{"client": &k.client, "server": &k.server} {
		where := where + ", " + name
		typed(t, s.err, where)
		for _, err := range s.refused {
			assert.Equal(t, s.err, err, where)
		}
		peer := &k.server
		if s == peer {
			peer = &k.client
		}
		for name, h := range s.halves {
			h.judge(t, s.err, peer.halves[name], where+", stream "+name)
		}
	}
}

func (h *half) judge(t *testing.T, cause error, peer *half, where string) {
	t.Helper()
	assert.Equal(t, 1, h.ends+h.aborts, "%s: its source ends once", where)
	if h.aborts == 1 {
		assert.Equal(t, cause, h.cause, where)
	}
	if h.sank != nil || h.aborts == 1 {
		assert.Equal(t, cause, h.sank, where)
	}
	assert.False(t, h.wrong, "%s: delivered what was not sent", where)
	assert.Equal(t, h.read, h.again, where)
	if h.read == io.EOF {
		if assert.NotNil(t, peer, where) {
			assert.Equal(t, 1, peer.ends, "%s: a clean end that nobody sent", where)
			assert.Equal(t, peer.sends, h.got, "%s: a clean end before the end", where)
		}
		return
	}
	assert.Equal(t, cause, h.read, where)
}
