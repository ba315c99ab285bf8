package secure

import (
	"errors"
	"io"
	"net"
)

// maxFlight is how many bytes of a handshake are read, at most. Ours has less
// than 2 KiB in either direction.
const maxFlight = 8 << 10

var errFlight = errors.New("handshake of more than 8 KiB")

// raw is the connection as TLS sees it. It marks the connection's own errors,
// so that they are not mistaken for those of TLS: crypto/tls takes the end of
// a connection between two records for the peer's close_notify.
type raw struct {
	net.Conn
	left int // bytes that may still be read; negative: any number
}

// rawError is an error of the connection. TLS asks whether it is temporary, to
// know if it may go on.
type rawError struct{ err error }

func (e *rawError) Error() string   { return e.err.Error() }
func (e *rawError) Unwrap() error   { return e.err }
func (e *rawError) Timeout() bool   { return isNet(e.err, net.Error.Timeout) }
func (e *rawError) Temporary() bool { return isNet(e.err, net.Error.Temporary) }

func isNet(err error, is func(net.Error) bool) bool {
	var n net.Error
	return errors.As(err, &n) && is(n)
}

func (r *raw) Read(p []byte) (int, error) {
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
