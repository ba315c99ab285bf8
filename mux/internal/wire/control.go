package wire

import (
	"encoding/binary"
	"math"
	"strings"
	"unicode/utf8"
)

// A Kind says what a control message is.
type Kind byte

// Kinds of control messages. The numbers are part of the protocol.
const (
	End     Kind = 1 // id, offset
	Reset   Kind = 2 // id, offset, code, text
	Abort   Kind = 3 // id, code, text
	Drain   Kind = 4
	Drained Kind = 5
	Ping    Kind = 6 // nonce
	Pong    Kind = 7 // nonce
)

// Optional is the first of the kinds that a receiver skips, since it does not
// know them. An unknown kind below it is an error.
const Optional Kind = 0x80

// Limits of a control message, in bytes.
const (
	MaxText = 1024
	MaxBody = 2048
)

// A Message is one message of the control stream. Fields that its kind does
// not have are zero.
type Message struct {
	Kind   Kind
	ID     uint32 // stream
	Offset uint64 // all bytes of that direction; at most MaxInt64
	Code   uint32
	Text   string // at most MaxText bytes of UTF-8
	Nonce  uint64
}

// AppendMessage appends m. A text that is too long or not UTF-8 is cut.
func AppendMessage(b []byte, m Message) []byte {
	var body []byte
	switch m.Kind {
	case End:
		body = binary.AppendUvarint(body, uint64(m.ID))
		body = binary.AppendUvarint(body, m.Offset)
	case Reset:
		body = binary.AppendUvarint(body, uint64(m.ID))
		body = binary.AppendUvarint(body, m.Offset)
		body = appendReason(body, m)
	case Abort:
		body = binary.AppendUvarint(body, uint64(m.ID))
		body = appendReason(body, m)
	case Ping, Pong:
		body = binary.AppendUvarint(body, m.Nonce)
	}
	b = append(b, byte(m.Kind))
	b = binary.AppendUvarint(b, uint64(len(body)))
	return append(b, body...)
}

func appendReason(b []byte, m Message) []byte {
	b = binary.AppendUvarint(b, uint64(m.Code))
	return appendText(b, CutText(m.Text))
}

// CutText makes s fit into a message: valid UTF-8 of at most MaxText bytes.
func CutText(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), 2*MaxText)], "\uFFFD")
	if len(s) <= MaxText {
		return s
	}
	n := MaxText
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// A Decoder collects control messages from pieces of any size. It keeps at
// most one incomplete message.
type Decoder struct {
	buf []byte
}

// Feed adds p and calls f for each message that is complete, in order; of one
// of an optional kind, f gets the kind only. It stops at the first error, its
// own or f's; after one it must not be used.
func (d *Decoder) Feed(p []byte, f func(Message) error) error {
	if len(d.buf) > 0 {
		d.buf = append(d.buf, p...)
		p = d.buf
	}
	for {
		m, n, err := ParseMessage(p)
		switch {
		case err != nil:
			return err
		case n == 0:
			d.buf = append(d.buf[:0], p...)
			return nil
		}
		p = p[n:]
		if err := f(m); err != nil {
			return err
		}
	}
}

// ParseMessage parses the message at the start of b and returns its size, or
// zero when b holds only a part of it. Of an optional kind it returns only the
// kind.
func ParseMessage(b []byte) (m Message, size int, err error) {
	if len(b) < 1 {
		return m, 0, nil
	}
	m.Kind = Kind(b[0])
	length, n := binary.Uvarint(b[1:])
	switch {
	case n < 0 || length > MaxBody || n == 0 && len(b) > binary.MaxVarintLen64:
		return m, 0, Errorf("control message of kind %d is over %d bytes", m.Kind, MaxBody)
	case n == 0 || uint64(len(b)-1-n) < length:
		return m, 0, nil
	}
	size = 1 + n + int(length)
	if m.Kind < Optional {
		err = m.parse(b[1+n : size])
	}
	return m, size, err
}

func (m *Message) parse(body []byte) error {
	c := cursor{b: body}
	switch m.Kind {
	case End, Reset, Abort:
		m.ID = uint32(c.uvarint("stream id", math.MaxUint32))
	case Ping, Pong:
		m.Nonce = c.uvarint("nonce", math.MaxUint64)
	case Drain, Drained:
	default:
		return Errorf("control message of unknown kind %d", m.Kind)
	}
	if m.Kind == End || m.Kind == Reset {
		m.Offset = c.uvarint("offset", math.MaxInt64)
	}
	if m.Kind == Reset || m.Kind == Abort {
		m.Code = uint32(c.uvarint("code", math.MaxUint32))
		m.Text = c.text("text", MaxText)
	}
	return c.end("control message")
}
