// Package netconn makes duplexes of network connections, dialled or accepted.
//
// A connection carries a stream of bytes: its duplex has chunks without
// boundaries, which package through/frame cuts into messages.
//
// # Ends
//
// The end of what the peer sends is its FIN, and a sink that ends cleanly
// sends one. TCP alone cannot say more: a peer whose process dies, or which
// closes without regard for this package, may send a FIN too. Here a
// direction that ends in any other way is cut instead: the connection is
// reset, and the peer's read fails. Where a reset is not to be had (a Unix
// socket, a relay in between), a cut can still look like an end; what must
// not be fooled carries an end of its own, as packages mux and replicate do.
package netconn

import (
	"errors"
	"net"

	"github.com/weir-go/weir/duplex"
)

// ErrCut is matched by the error of a source whose connection was cut by the
// other half: its sink failed or was cancelled. The error matches the reason
// too.
var ErrCut = errors.New("netconn: connection cut by its sink")

// New makes a duplex of c, which it owns from then on: set no deadlines, and
// do not close it. Both halves must be ended (Close of the duplex ends what
// was never used, and resets the connection if that is the sink); c is closed
// once, when the second one ends.
//
// The source returns chunks of 1 byte to 32 KiB and io.EOF at the peer's end.
// Aborting it leaves the sink running; but bytes that arrive and are not read
// make the system reset the connection at the close, and the peer may then
// lose what was written last. Overlapping calls return [pull.ErrOverlap]. A
// read that fails for any reason but its own abort cuts the connection, which
// ends a running sink with that error.
//
// The sink may be called once, then returns [duplex.ErrUsed]. It returns nil
// when its source has ended, all of it was handed to the system and the end
// was sent (by CloseWrite; a connection that cannot close one direction, such
// as net.Pipe, tells its peer only when both halves have ended). When its
// source fails, what came before is still written; then, or when its context
// is cancelled, the connection is cut, and the other half fails with an error
// that matches [ErrCut]. After a write that failed nothing more is written,
// the source can still be read, and the peer gets a reset, never an end. Where
// it failed because the peer had reset the connection, the source does not end
// with io.EOF but with that error, after what had arrived.
//
// The sink pulls its source while it writes: up to 32 KiB may wait, and one
// chunk that did not fit. The first chunk goes at once, later ones join the
// next write; no timer is involved.
func New(c net.Conn) duplex.Duplex[[]byte, []byte] {
	s := &conn{Conn: c, open: 2, writing: make(chan struct{}, 1)}
	return duplex.Duplex[[]byte, []byte]{Source: s.source(), Sink: s.sink}
}
