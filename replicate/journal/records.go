package journal

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/through/frame"
)

// The kinds of frame that belong to files, as the first byte of the payload.
// Unknown ones from kindOptional on are skipped. See FORMAT.md.
const (
	kindMeta     = 0x40
	kindOpen     = 0x41
	kindClean    = 0x42
	kindCommit   = 0x43
	kindOptional = 0x50
	kindPlaced   = 0x53

	kindOptionalEnd = 0x5f
)

// Flags of an open frame.
const (
	flagNoSync = 1 << 0 // commits behind this one are not synced
	flagSealed = 1 << 1 // every write sets the modification time; see seal.go
)

// metaSigned is the flag of a meta frame, which without one has no flags.
const metaSigned = 1 << 0

// maxText bounds a field of an open frame.
const maxText = 255

var errShort = errors.New("ends too soon")

// fields reads a payload behind its kind. The first thing that is wrong
// sticks, and everything read after it is zero.
type fields struct {
	b   []byte
	err error
}

func (f *fields) fail(err error) {
	if f.err == nil {
		f.err, f.b = err, nil
	}
}

func (f *fields) uvarint() uint64 {
	v, n := binary.Uvarint(f.b)
	if n <= 0 {
		f.fail(errShort)
		return 0
	}
	f.b = f.b[n:]
	return v
}

func (f *fields) text(limit int) string {
	n := f.uvarint()
	switch {
	case n > uint64(limit):
		f.fail(fmt.Errorf("length %d over the limit %d", n, limit))
		return ""
	case n > uint64(len(f.b)):
		f.fail(errShort)
		return ""
	}
	s := string(f.b[:n])
	f.b = f.b[n:]
	return s
}

func (f *fields) end(kind string) error {
	if f.err == nil && len(f.b) > 0 {
		f.err = fmt.Errorf("%d bytes too many", len(f.b))
	}
	if f.err != nil {
		return &replicate.FrameError{Frame: kind, Err: f.err}
	}
	return nil
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func (m Meta) append(dst []byte) []byte {
	b := appendText(appendText([]byte{kindMeta}, m.Label), m.Set)
	if m.Signed {
		b = append(b, metaSigned)
	}
	return frame.Append(dst, b)
}

func parseMeta(payload []byte) (m Meta, err error) {
	if len(payload) == 0 || payload[0] != kindMeta {
		return m, &replicate.FrameError{Frame: "meta", Err: errors.New("missing")}
	}
	f := &fields{b: payload[1:]}
	m.Label, m.Set = f.text(replicate.MaxName), f.text(replicate.MaxName)
	if len(f.b) > 0 {
		if flags := f.uvarint(); f.err == nil && flags != metaSigned {
			f.fail(fmt.Errorf("flags %d", flags))
		}
		m.Signed = true
	}
	return m, f.end("meta")
}

// opening is an open frame: where the file was, and who writes from here on.
type opening struct {
	flags  uint64
	place  Place
	author replicate.Author
	last   replicate.Time // newest time issued or seen
}

func (o opening) append(dst []byte) []byte {
	b := binary.AppendUvarint([]byte{kindOpen}, o.flags)
	p := o.place.clipped()
	b = appendText(appendText(appendText(b, p.Host), p.Boot), p.File)
	b = appendText(b, string(o.author))
	return frame.Append(dst, binary.AppendUvarint(b, uint64(o.last)))
}

// clipped is p as it is written.
func (p Place) clipped() Place {
	clip := func(s string) string { return s[:min(len(s), maxText)] }
	return Place{clip(p.Host), clip(p.Boot), clip(p.File)}
}

func parseOpening(payload []byte) (o opening, err error) {
	f := &fields{b: payload[1:]}
	o.flags = f.uvarint()
	o.place = Place{Host: f.text(maxText), Boot: f.text(maxText), File: f.text(maxText)}
	o.author = replicate.Author(f.text(maxText))
	o.last = replicate.Time(f.uvarint())
	if f.err == nil && !o.author.Valid() {
		f.fail(fmt.Errorf("author of %d bytes", len(o.author)))
	}
	return o, f.end("open")
}

// A commit ends a batch. It names its own offset, so that it cannot be taken
// for one when it turns up elsewhere, such as inside a value.
type commit struct {
	at   int64 // of the commit frame
	size int64 // of the batch before it
}

func (c commit) append(dst []byte) []byte {
	b := binary.AppendUvarint([]byte{kindCommit}, uint64(c.at))
	return frame.Append(dst, binary.AppendUvarint(b, uint64(c.size)))
}

func parseCommit(payload []byte, at int64) (c commit, err error) {
	f := &fields{b: payload[1:]}
	c.at, c.size = int64(f.uvarint()), int64(f.uvarint())
	if f.err == nil && (c.at != at || c.size < 0 || c.size > at) {
		f.fail(fmt.Errorf("written for byte %d", c.at))
	}
	return c, f.end("commit")
}

// A clean mark ends a file that was closed.
type clean struct {
	at   int64 // of the frame
	last replicate.Time
}

func (c clean) append(dst []byte) []byte {
	b := binary.AppendUvarint([]byte{kindClean}, uint64(c.at))
	return frame.Append(dst, binary.AppendUvarint(b, uint64(c.last)))
}

func parseClean(payload []byte, at int64) (c clean, err error) {
	f := &fields{b: payload[1:]}
	c.at, c.last = int64(f.uvarint()), replicate.Time(f.uvarint())
	if f.err == nil && c.at != at {
		f.fail(fmt.Errorf("written for byte %d", c.at))
	}
	return c, f.end("clean")
}

// A placed frame says that a file was put in place whole up to here.
type placed struct {
	at int64 // of the frame
}

func (p placed) append(dst []byte) []byte {
	return frame.Append(dst, binary.AppendUvarint([]byte{kindPlaced}, uint64(p.at)))
}

func parsePlaced(payload []byte, at int64) (p placed, err error) {
	f := &fields{b: payload[1:]}
	p.at = int64(f.uvarint())
	if f.err == nil && p.at != at {
		f.fail(fmt.Errorf("written for byte %d", p.at))
	}
	return p, f.end("placed")
}
