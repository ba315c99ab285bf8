package mux

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/weir-go/weir/mux/internal/ends"
	"github.com/weir-go/weir/mux/internal/shim"
	"github.com/weir-go/weir/mux/internal/wire"
	"github.com/weir-go/weir/pull"
)

// A handshake is what comes before yamux: prefaces and hellos, and for a server
// the first frame's header, since a session is much to keep for a client that
// does not go on.
type handshake struct {
	conn   net.Conn
	client bool
	ours   wire.Hello
	theirs wire.Hello
	rtt    time.Duration // 0: not measured
	first  []byte        // what has been read of the frames
}

// run has the handshake under one deadline for all of it.
func (h *handshake) run(ctx context.Context, limit time.Duration) error {
	if ctx.Err() != nil {
		return pull.Cause(ctx)
	}
	if limit > 0 {
		_ = h.conn.SetDeadline(time.Now().Add(limit))
	}
	fired := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = h.conn.SetDeadline(time.Unix(1, 0))
		close(fired)
	})
	err := h.exchange()
	if !stop() {
		<-fired
		return pull.Cause(ctx)
	}
	_ = h.conn.SetDeadline(time.Time{})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ErrSilent
	}
	return err
}

func (h *handshake) exchange() error {
	say := h.answer
	if h.client {
		say = h.ask
	}
	if err := say(); err != nil {
		return err
	}
	if a, b := h.ours.Application, h.theirs.Application; a != b && a != "" && b != "" {
		return &ApplicationError{Ours: a, Theirs: b}
	}
	if h.client {
		return nil
	}
	h.first = make([]byte, shim.HeaderSize)
	if _, err := io.ReadFull(h.conn, h.first); err != nil {
		return &LostError{Op: "read", Err: ends.NotEOF(err)}
	}
	return nil
}

// ask is the client's side. Its hello leaves before the server's is judged, so
// that both ends learn what does not fit.
func (h *handshake) ask() error {
	if err := h.write(wire.AppendPreface(nil, wire.RoleClient)); err != nil {
		return err
	}
	start := time.Now()
	theirs, err := readPreface(h.conn)
	if err != nil {
		return err
	}
	h.rtt = sample(start)
	if err := judge(theirs, wire.RoleServer); err != nil {
		return err
	}
	if h.theirs, err = readHello(h.conn); err != nil {
		return err
	}
	h.ours.RTT = h.rtt
	return h.write(wire.AppendHello(nil, h.ours))
}

// answer is the server's side. It answers before it judges the version, and
// never answers what is not weir.
func (h *handshake) answer() error {
	theirs, err := readPreface(h.conn)
	if err != nil {
		return err
	}
	says := wire.AppendPreface(nil, wire.RoleServer)
	if err := judge(theirs, wire.RoleClient); err != nil {
		_ = h.write(says)
		return err
	}
	if err := h.write(wire.AppendHello(says, h.ours)); err != nil {
		return err
	}
	start := time.Now()
	if h.theirs, err = readHello(h.conn); err != nil {
		return err
	}
	h.rtt = sample(start)
	if told := h.theirs.RTT; told > 0 {
		h.rtt = min(h.rtt, told)
	}
	return nil
}

// sample is a round trip that began at start; it is never 0.
func sample(start time.Time) time.Duration { return max(time.Since(start), time.Microsecond) }

func judge(theirs wire.Preface, role byte) error {
	switch {
	case theirs.Version() == 0:
		return &VersionError{
			Ours:   [2]int{wire.Lowest, wire.Highest},
			Theirs: [2]int{int(theirs.Lowest), int(theirs.Highest)},
		}
	case theirs.Role != role:
		return &ProtocolError{Detail: fmt.Sprintf("peer has role %q, want %q", theirs.Role, role)}
	}
	return nil
}

func (h *handshake) write(p []byte) error {
	if _, err := h.conn.Write(p); err != nil {
		return &LostError{Op: "write", Err: ends.NotEOF(err)}
	}
	return nil
}

// readPreface stops at the first byte that does not fit.
func readPreface(conn net.Conn) (p wire.Preface, err error) {
	var b [wire.PrefaceSize]byte
	for n := 0; n < len(b); {
		m, err := conn.Read(b[n:])
		n += m
		if !wire.IsMagic(b[:n]) {
			return p, fmt.Errorf("%w: it began with %q", ErrNotWeir, b[:n])
		}
		if err == nil || n == len(b) {
			continue
		}
		return p, &LostError{Op: "read", Err: ends.NotEOF(err)}
	}
	return wire.ParsePreface(b), nil
}

// readHello reads to the end of the hello and not beyond.
func readHello(conn net.Conn) (h wire.Hello, err error) {
	var prefix [wire.HelloPrefix]byte
	if _, err := io.ReadFull(conn, prefix[:]); err != nil {
		return h, &LostError{Op: "read", Err: ends.NotEOF(err)}
	}
	n, err := wire.HelloSize(prefix)
	if err != nil {
		return h, sessionCause(err)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(conn, body); err != nil {
		return h, &LostError{Op: "read", Err: ends.NotEOF(err)}
	}
	if h, err = wire.ParseHello(body); err != nil {
		return h, sessionCause(err)
	}
	return h, nil
}
