package secure

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
)

// How many bytes of a handshake are read, at most. Ours has less than 2 KiB in
// either direction.
const (
	maxFirst  = 3 << 10 // in the first record of a client
	maxFlight = 8 << 10 // in all
)

var (
	errFirst  = errors.New("first record of more than 3 KiB")
	errFlight = errors.New("handshake of more than 8 KiB")
)

// raw is the connection as TLS sees it. It marks the connection's own errors,
// so that they are not mistaken for those of TLS: crypto/tls takes the end of
// a connection between two records for the peer's close_notify.
type raw struct {
	net.Conn
	left  int    // bytes that may still be read; negative: any number
	first []byte // was read before TLS began
}

const (
	recordHeader    = 5  // bytes: type, version, length
	handshakeRecord = 22 // the type
)

// await reads a client's first record before there is anything of TLS, which
// takes far more memory: who sends no hello, or half of one, costs no more
// than what it has sent. What does not begin a handshake is left to TLS.
func (r *raw) await() error {
	want := recordHeader
	for len(r.first) < want {
		if len(r.first) == cap(r.first) {
			grown := make([]byte, len(r.first), min(want, max(recordHeader, 512, 2*len(r.first))))
			copy(grown, r.first)
			r.first = grown
		}
		n, err := r.fetch(r.first[len(r.first):min(want, cap(r.first))])
		r.first = r.first[:len(r.first)+n]
		if err != nil {
			return err
		}
		switch {
		case n > 0 && r.first[0] != handshakeRecord:
			return nil
		case len(r.first) == recordHeader:
			want += int(binary.BigEndian.Uint16(r.first[3:]))
		}
		if want > maxFirst {
			return errFirst
		}
	}
	return nil
}

// rawError is an error of the connection. TLS asks whether it is temporary, to
// know if it may go on, as it may when a deadline has passed.
type rawError struct{ err error }

// Error returns what the connection said.
func (e *rawError) Error() string { return e.err.Error() }

// Unwrap returns the connection's error.
func (e *rawError) Unwrap() error { return e.err }

// Temporary reports whether TLS may go on after it.
func (e *rawError) Temporary() bool { return e.Timeout() }

// Timeout reports whether a deadline has passed.
func (e *rawError) Timeout() bool {
	var n net.Error
	return errors.As(e.err, &n) && n.Timeout()
}

// Read returns first what was read before TLS began, and then what the
// connection yields. Its end is io.ErrUnexpectedEOF: TLS says when it is over.
func (r *raw) Read(p []byte) (int, error) {
	if len(r.first) > 0 {
		n := copy(p, r.first)
		if r.first = r.first[n:]; len(r.first) == 0 {
			r.first = nil
		}
		return n, nil
	}
	return r.fetch(p)
}

// fetch reads from the connection.
func (r *raw) fetch(p []byte) (int, error) {
	if r.left == 0 {
		return 0, errFlight
	}
	if r.left > 0 {
		p = p[:min(len(p), r.left)]
	}
	n, err := r.Conn.Read(p)
	if r.left > 0 {
		r.left -= n
	}
	switch {
	case err == io.EOF && n > 0:
		return n, nil // it will be said again
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return n, mark(err)
}

// Write writes to the connection, whose errors it marks as such.
func (r *raw) Write(p []byte) (int, error) {
	n, err := r.Conn.Write(p)
	return n, mark(err)
}

func mark(err error) error {
	if err == nil {
		return nil
	}
	return &rawError{err}
}
