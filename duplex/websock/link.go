package websock

import (
	"crypto/rand"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Opcodes of control frames, RFC 6455, section 5.5.
const (
	opClose = 0x8
	opPing  = 0x9
	opPong  = 0xA
)

// A link is the connection below the library's. It notes when the peer was
// last heard and how reading ended, and carries control frames of our own:
// the library would send its own while a write is blocked, give up after five
// seconds, and with that end a connection whose reader is only slow.
type link struct {
	io.ReadWriteCloser
	conn   net.Conn // what to ask for addresses; nil if unknown
	client bool     // frames are masked
	start  time.Time

	heard atomic.Int64 // when bytes last came, since start
	quiet atomic.Bool  // our close frame is on its way, or a frame is torn: write nothing more
	err   error        // how reading ended; for the goroutine that reads
	late  error        // the same, when the last bytes were not read yet

	close func() error // once
}

func newLink(c io.ReadWriteCloser, conn net.Conn, client bool) *link {
	l := &link{ReadWriteCloser: c, conn: conn, client: client, start: time.Now()}
	l.close = sync.OnceValue(c.Close)
	return l
}

// Read reads for the library. An error comes after the bytes it came with, and
// so not before the end of a message that is complete.
func (l *link) Read(p []byte) (int, error) {
	if l.late != nil {
		l.err = l.late
		return 0, l.err
	}
	n, err := l.ReadWriteCloser.Read(p)
	switch {
	case n > 0:
		l.hear()
		l.late = err
		return n, nil
	case err != nil:
		l.late, l.err = err, err
	}
	return 0, err
}

// Write writes for the library, which has nothing to say after our close frame.
func (l *link) Write(p []byte) (int, error) {
	if l.quiet.Load() {
		return len(p), nil
	}
	return l.ReadWriteCloser.Write(p)
}

// Close closes the connection; it may be called at any time.
func (l *link) Close() error { return l.close() }

// reset closes the connection in a way that loses what was not sent yet. What
// lies beneath TLS is closed first: TLS would wait to send an end of its own.
func (l *link) reset() {
	conn := l.conn
	for {
		outer, ok := conn.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		conn = outer.NetConn()
	}
	if tcp, ok := conn.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0) // fails on what is gone anyway
	}
	if conn != nil && conn != l.conn {
		_ = conn.Close()
	}
	_ = l.close()
}

func (l *link) hear() { l.heard.Store(int64(time.Since(l.start))) }

// idle is how long nothing has come.
func (l *link) idle() time.Duration { return time.Since(l.start) - time.Duration(l.heard.Load()) }

// control writes one control frame, between two messages.
func (l *link) control(op byte, payload []byte) error {
	_, err := l.Write(appendControl(nil, op, payload, l.client))
	return err
}

// sayClose writes the close frame, once, if a frame is not torn. It is the last
// thing written from its beginning on: else the library might answer the peer's
// while ours is on its way.
func (l *link) sayClose(e CloseError) {
	if l.quiet.Swap(true) {
		return
	}
	// If that fails, the peer has gone.
	_, _ = l.ReadWriteCloser.Write(appendControl(nil, opClose, closePayload(e), l.client))
}

// appendControl appends a control frame. A client's frames are masked with a
// key that nobody can guess, RFC 6455, section 5.3.
func appendControl(dst []byte, op byte, payload []byte, mask bool) []byte {
	dst = append(dst, 0x80|op, byte(len(payload)))
	if !mask {
		return append(dst, payload...)
	}
	dst[len(dst)-1] |= 0x80
	var key [4]byte
	_, _ = rand.Read(key[:]) // never fails
	dst = append(dst, key[:]...)
	for i, b := range payload {
		dst = append(dst, b^key[i%4])
	}
	return dst
}

// closePayload is what a close frame carries.
func closePayload(e CloseError) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(e.Code)), e.Reason...)
}
