package wire

import (
	"encoding/binary"
	"math"
	"time"
)

// Limits of a hello, in bytes.
const (
	HelloPrefix    = 2    // its length, big-endian
	MaxHello       = 4094 // what follows the length
	MaxApplication = 255
)

// A Hello is what each side says of itself after the preface.
type Hello struct {
	Window      uint32        // bytes of a stream that it takes before they are read
	Streams     uint32        // streams of the other side that may be open at once
	Backlog     uint32        // of them, those that may be unacknowledged
	RTT         time.Duration // measured, in whole microseconds on the wire; 0: not yet
	Application string        // "" joins any
}

// AppendHello appends h with its length. The application's id has at most
// MaxApplication bytes of UTF-8.
func AppendHello(b []byte, h Hello) []byte {
	at := len(b)
	b = append(b, 0, 0)
	b = binary.AppendUvarint(b, uint64(h.Window))
	b = binary.AppendUvarint(b, uint64(h.Streams))
	b = binary.AppendUvarint(b, uint64(h.Backlog))
	b = binary.AppendUvarint(b, uint64(min(max(0, h.RTT.Microseconds()), math.MaxUint32)))
	b = appendText(b, h.Application)
	binary.BigEndian.PutUint16(b[at:], uint16(len(b)-at-HelloPrefix))
	return b
}

// HelloSize returns how many bytes follow the length.
func HelloSize(prefix [HelloPrefix]byte) (int, error) {
	n := int(binary.BigEndian.Uint16(prefix[:]))
	if n > MaxHello {
		return 0, Errorf("hello of %d bytes, over %d", n, MaxHello)
	}
	return n, nil
}

// ParseHello takes what follows the length apart. Fields that a later side may
// have added at the end are skipped.
func ParseHello(body []byte) (Hello, error) {
	c := cursor{b: body}
	h := Hello{
		Window:  uint32(c.uvarint("window", math.MaxUint32)),
		Streams: uint32(c.uvarint("number of streams", math.MaxUint32)),
		Backlog: uint32(c.uvarint("backlog", math.MaxUint32)),
	}
	h.RTT = time.Duration(c.uvarint("round trip", math.MaxUint32)) * time.Microsecond
	h.Application = c.text("application", MaxApplication)
	c.b = nil
	if err := c.end("hello"); err != nil {
		return Hello{}, err
	}
	return h, nil
}
