package shim

import (
	"encoding/binary"
	"math"
)

// Frame types and flags of yamux.
const (
	typeData   = 0
	typeWindow = 1
	typePing   = 2
	typeGoAway = 3

	flagSYN = 1
	flagACK = 2
	flagFIN = 4
	flagRST = 8
)

type header struct {
	version, kind byte
	flags         uint16
	id, length    uint32
}

func parseHeader(b []byte) header {
	return header{
		version: b[0], kind: b[1], flags: binary.BigEndian.Uint16(b[2:]),
		id: binary.BigEndian.Uint32(b[4:]), length: binary.BigEndian.Uint32(b[8:]),
	}
}

func (h header) append(b []byte) []byte {
	b = append(b, h.version, h.kind)
	b = binary.BigEndian.AppendUint16(b, h.flags)
	b = binary.BigEndian.AppendUint32(b, h.id)
	return binary.BigEndian.AppendUint32(b, h.length)
}

func (h header) has(flag uint16) bool { return h.flags&flag != 0 }

// A flow is what the shim knows of a stream from the SYN to the second FIN.
type flow struct {
	remote        bool
	acked         bool
	finIn, finOut bool
	widened       bool   // the peer has once granted more than it had before
	granted       uint64 // bytes the peer may still send
	credit        uint64 // bytes we may still send
	most          uint64 // the largest credit so far: the peer's window
	widening      uint32 // bytes to be granted when the stream is acknowledged
}

func newFlow(remote bool) *flow {
	return &flow{
		remote: remote, granted: InitialWindow, credit: InitialWindow, most: InitialWindow,
	}
}

func side(remote bool) int {
	if remote {
		return 1
	}
	return 0
}

// checkHeader refuses what no frame may have, whatever its stream.
func checkHeader(h header) error {
	switch {
	case h.version != 0:
		return protocolError("frame of yamux version %d", h.version)
	case h.kind > typeGoAway:
		return protocolError("frame of unknown type %d", h.kind)
	case h.flags > flagSYN|flagACK|flagFIN|flagRST:
		return protocolError("frame with unknown flags %#x", h.flags)
	case h.kind == typeGoAway:
		return protocolError("go away with code %d", h.length)
	case h.has(flagRST):
		return protocolError("RST of stream %d, which is not used", h.id)
	case h.kind <= typeWindow && h.id == 0:
		return protocolError("stream frame with id 0")
	case h.kind == typePing && (h.flags != flagSYN || h.id != 0):
		return protocolError("ping with flags %#x and stream %d", h.flags, h.id)
	}
	return nil
}

// openRemote makes the record of a stream that the peer opens. Callers hold
// mu.
func (c *Conn) openRemote(id uint32) (*flow, error) {
	odd := id&1 == 1
	switch {
	case odd == c.client:
		return nil, protocolError("peer opens stream %d, an id of ours", id)
	case c.highest[1] == 0 && !c.client && id != Control:
		return nil, protocolError("peer opens stream %d before the control stream", id)
	case id <= c.highest[1]:
		return nil, protocolError("peer opens stream %d after %d", id, c.highest[1])
	}
	f := newFlow(true)
	if id != Control {
		if c.open >= c.cfg.Streams {
			return nil, protocolError("peer opens over %d streams at once", c.cfg.Streams)
		}
		if c.unacked >= c.cfg.Backlog {
			return nil, protocolError("over %d streams not acknowledged", c.cfg.Backlog)
		}
		c.open++
		c.unacked++
		c.idle.earn(idlePerStream)
	}
	c.highest[1] = id
	c.flows[id] = f
	return f, nil
}

// forget drops the record of a stream of which both FINs have passed. Callers
// hold mu.
func (c *Conn) forget(id uint32, f *flow) {
	delete(c.flows, id)
	if f.remote {
		c.open--
	}
}

// An arrival is what a checked frame asks the reader to do.
type arrival struct {
	flow          *flow // nil: the frame is for a stream that has gone
	opened, acked bool
	credit        uint32
}

// admit checks a frame of a stream and books it.
func (c *Conn) admit(h header) (a arrival, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.flows[h.id]
	if h.has(flagSYN) {
		if f, err = c.openRemote(h.id); err != nil {
			return a, err
		}
		a.opened = true
	}
	if f == nil {
		return a, c.admitGone(h)
	}
	a.flow = f
	if h.has(flagACK) {
		if f.remote || f.acked {
			return a, protocolError("stream %d acknowledged twice or by its opener", h.id)
		}
		f.acked, a.acked = true, true
		c.idle.earn(idlePerStream)
	}
	if h.id == Control && h.has(flagFIN) {
		return a, protocolError("FIN of the control stream")
	}
	if h.has(flagFIN) && !f.remote && !f.acked {
		return a, protocolError("stream %d finishes before it is acknowledged", h.id)
	}
	if f.finIn && (h.kind == typeData || h.has(flagFIN)) {
		return a, protocolError("stream %d goes on after its FIN", h.id)
	}
	if h.kind == typeWindow {
		a.credit, err = c.admitCredit(h, f)
		return a, err
	}
	if uint64(h.length) > f.granted {
		return a, protocolError("stream %d sends %d bytes into a window of %d",
			h.id, h.length, f.granted)
	}
	f.granted -= uint64(h.length)
	if h.length == 0 && h.flags == 0 {
		return a, c.idle.charge()
	}
	return a, nil
}

// admitGone checks a frame for a stream without a record: a window update may
// have crossed our FIN, anything else is an error.
func (c *Conn) admitGone(h header) error {
	if c.known(h.id) && h.kind == typeWindow && h.flags == 0 {
		return c.idle.charge()
	}
	return protocolError("frame of type %d and flags %#x for unknown stream %d",
		h.kind, h.flags, h.id)
}

// admitCredit books a window update and returns what the handler is told. One
// that gives back what we have used is bounded by that; one that widens the
// window is needed once.
func (c *Conn) admitCredit(h header, f *flow) (uint32, error) {
	if f.credit+uint64(h.length) > math.MaxUint32 {
		return 0, protocolError("window of stream %d grows over 4 GiB", h.id)
	}
	f.credit += uint64(h.length)
	idle := h.length == 0 && h.flags == 0
	if f.credit > f.most {
		idle = f.widened
		f.most, f.widened = f.credit, true
	}
	if idle {
		if err := c.idle.charge(); err != nil {
			return 0, err
		}
	}
	if h.id == Control {
		c.pumpControl()
		return 0, nil
	}
	return h.length, nil
}

// finished books the peer's FIN and says whether the stream has gone.
func (c *Conn) finished(id uint32, f *flow) (gone bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.finIn = true
	if f.finOut {
		c.forget(id, f)
	}
	return f.finOut
}
