package replicate

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

// Flags of the greeting.
const (
	flagOnce = 1 << 0 // end when both have what the other had
	flagFull = 1 << 1 // take my clock as empty: we found a broken promise
	flagDump = 1 << 2 // no peer is behind this stream
	// flagPartial says that filters hold: terms follow, or the position of a
	// dump says which.
	flagPartial = 1 << 3
	flagSafe    = 1 << 4 // all that the fingerprint sums up is durable
	// flagPlaced is of files alone: one with it was put in place whole, up to a
	// frame that says so.
	flagPlaced = 1 << 7
)

const (
	magic        = "weir"
	greetingSize = len(magic) + 1 + 1 + 8 + 16 + 8 + 16
)

// greeting is the first frame of every stream: under 64 bytes, whatever the
// number of authors.
type greeting struct {
	version byte
	flags   byte
	set     uint64 // hash of the data set's name; 0 for none
	id      ReplicaID
	epoch   uint64
	print   Fingerprint
}

func (g greeting) append(dst []byte) []byte {
	b := make([]byte, 0, greetingSize)
	b = append(b, magic...)
	b = append(b, g.version, g.flags)
	b = binary.BigEndian.AppendUint64(b, g.set)
	b = append(b, g.id[:]...)
	b = binary.BigEndian.AppendUint64(b, g.epoch)
	return frame.Append(dst, g.print.append(b))
}

// parseGreeting parses a first frame's payload.
func parseGreeting(payload []byte) (g greeting, err error) {
	if len(payload) < len(magic)+1 || string(payload[:len(magic)]) != magic {
		return g, ErrNotWeir
	}
	c := &cursor{b: payload[len(magic):]}
	if g.version = c.byte(); g.version != Version {
		return g, &VersionError{Theirs: g.version, Ours: Version}
	}
	g.flags = c.byte()
	g.set = c.uint64()
	copy(g.id[:], c.bytes(len(g.id)))
	g.epoch = c.uint64()
	g.print = Fingerprint{c.uint64(), c.uint64()}
	return g, c.end("greeting")
}

// setHash is how a data set is named on the wire.
func setHash(name string) uint64 {
	if name == "" {
		return 0
	}
	h := sha256.Sum256([]byte("weir set " + name))
	return binary.BigEndian.Uint64(h[:])
}

// greeting says who this replica is and what it holds. The caller holds the
// lock.
func (r *Replica) greeting(flags byte) greeting {
	return greeting{
		version: Version, flags: flags, set: setHash(r.set),
		id: r.id, epoch: r.epoch, print: r.print,
	}
}

// position is the second frame, sent when fingerprints differ: where the
// sender stands, and how far it has heard the receiver.
type position struct {
	filter  Filter // under which its sender receives, or dumps
	clock   Clock
	horizon []Time // by author index, when sent
	forgot  Clock  // the same, when received
	resync  bool   // if behind: take everything anew
	token   *token
	whole   bool        // every live update lies below clock, and
	print   Fingerprint // this is what they sum up to, with the clock

	remainders map[Author]remainder // what lies above clock
}

// Flags of a position.
const (
	flagToken = 1 << 0
	flagWhole = 1 << 1
	flagAnew  = 1 << 2
)

// appendPosition codes a position, with the clock by author index instead of
// p.clock.
func appendPosition(dst []byte, authors []*author, clock []Time, p position) []byte {
	b := appendText([]byte{kindPosition}, p.filter.code())
	b = appendTimes(b, authors, clock)
	b = appendTimes(b, authors, p.horizon)
	flags := byte(0)
	if p.resync {
		flags |= flagAnew
	}
	if p.token != nil {
		flags |= flagToken
	}
	if p.whole {
		flags |= flagWhole
	}
	b = append(appendRemainders(b, authors, p.remainders), flags)
	if p.token != nil {
		b = binary.BigEndian.AppendUint64(b, p.token.Epoch)
		b = binary.AppendUvarint(b, p.token.Pos)
	}
	if p.whole {
		b = p.print.append(b)
	}
	return frame.Append(dst, b)
}

// appendTimes codes a clock that stands alone.
func appendTimes(b []byte, authors []*author, clock []Time) []byte {
	n := 0
	for _, t := range clock {
		if t > 0 {
			n++
		}
	}
	b = binary.AppendUvarint(b, uint64(n))
	last := Time(0)
	for i, t := range clock {
		if t > 0 {
			b = appendDelta(appendText(b, string(authors[i].name)), last, t)
			last = t
		}
	}
	return b
}

// clock reads what appendTimes wrote.
func (c *cursor) clock() Clock {
	n := c.count(2 + len(ReplicaID{}) + incarnationSize)
	clock := make(Clock, n)
	last := Time(0)
	for range n {
		a := Author(c.text(maxAuthorSize))
		last += Time(c.varint())
		if c.err == nil && !a.Valid() {
			c.fail(fmt.Errorf("author of %d bytes", len(a)))
		}
		clock[a] = last
	}
	return clock
}

func parsePosition(payload []byte) (p position, err error) {
	c := &cursor{b: payload[1:]}
	p.filter, p.clock, p.forgot = c.filter(), c.clock(), c.clock()
	p.remainders = parseRemainders(c)
	flags := c.byte()
	p.resync = flags&flagAnew != 0
	if flags&flagToken != 0 {
		p.token = &token{Epoch: c.uint64(), Pos: c.uvarint()}
	}
	if p.whole = flags&flagWhole != 0; p.whole {
		p.print = Fingerprint{c.uint64(), c.uint64()}
	}
	return p, c.end("position")
}

// sniff passes src on if its bytes begin like a weir stream, and fails with
// ErrNotWeir as soon as they do not, so that whatever else answers is told
// from a slow peer at once.
func sniff(src pull.Source[[]byte]) pull.Source[[]byte] {
	seen := 0
	return pull.From(func(ctx context.Context) ([]byte, error) {
		chunk, err := src(ctx)
		switch {
		case err == io.EOF && seen > 0 && seen <= len(magic):
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		}
		for i := 0; i < len(chunk) && seen <= len(magic); i++ {
			// The first byte is the greeting's length.
			if seen > 0 && chunk[i] != magic[seen-1] || seen == 0 && chunk[i] < byte(len(magic)) {
				return nil, ErrNotWeir
			}
			seen++
		}
		return chunk, nil
	}, func(cause error) error {
		if cause == io.EOF {
			return nil
		}
		return pull.Abort(src, cause)
	})
}
