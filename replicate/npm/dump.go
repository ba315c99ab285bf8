package npm

import (
	"context"
	"fmt"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// Dump returns what the original's createReadStream({tail: false}) does: a header,
// the updates by timestamp, SYNC. It is of the moment of the first call; the clock
// of the header is the replica's promise. What is held above that follows behind
// the word LOOSE, which the originals skip. The source must not be shared.
func (s *Scuttlebutt) Dump() pull.Source[[]byte] {
	d := &dump{s: s}
	return pull.From(d.next, nil)
}

type dump struct {
	s        *Scuttlebutt
	began    bool
	ended    bool
	promised []*replicate.Update
	loose    []*replicate.Update
}

func (d *dump) next(context.Context) ([]byte, error) {
	switch {
	case d.ended:
		return nil, io.EOF
	case !d.began:
		d.began = true
		return d.begin(), nil
	}
	var dst []byte
	dst, d.promised = d.s.appendLines(nil, d.promised)
	if len(dst) > 0 {
		return dst, nil
	}
	if d.promised != nil {
		d.promised, dst = nil, []byte(syncWord+"\n")
		if d.ended = len(d.loose) == 0; !d.ended {
			dst = append(dst, looseWord+"\n"...)
		}
		return dst, nil
	}
	dst, d.loose = d.s.appendLines(nil, d.loose)
	d.ended = len(d.loose) == 0
	return dst, nil
}

func (d *dump) begin() []byte {
	s := d.s
	header := appendHeader(nil, s.current(), s.clock(false), nil)
	clock := s.r.Clock()
	d.promised = []*replicate.Update{} // not nil: SYNC is to come
	for _, u := range s.history(s.r.Live()) {
		if clock.Covers(u.Stamp()) {
			d.promised = append(d.promised, u)
		} else {
			d.loose = append(d.loose, u)
		}
	}
	return header
}

// appendLines appends the lines of as many updates as fit, and returns the rest.
func (s *Scuttlebutt) appendLines(dst []byte, updates []*replicate.Update) ([]byte, []*replicate.Update) {
	for len(updates) > 0 && len(dst) < batchSize {
		dst, _ = s.appendLine(dst, updates[0])
		updates = updates[1:]
	}
	return dst, updates
}

// Load takes in a dump, of an original or of Dump, or several one behind another:
// what they hold is merged, as that of any other replica is. It returns a
// [LineError] for a line that is refused, an error matching io.ErrUnexpectedEOF
// for a dump that was cut off, one of package replicate's, or the source's own.
// What came before stays.
func (s *Scuttlebutt) Load(ctx context.Context, src pull.Source[[]byte]) (Stats, error) {
	in := s.intake(defaultMaxLine, nil)
	in.again = true
	var stats Stats
	in.header = func(h Header, _ []clockEntry) {
		if stats.Peer.Clock == nil {
			stats.Peer = h
		}
	}
	err := in.run(ctx, src)
	if err == nil && !in.synced {
		err = fmt.Errorf("npm: dump cut off: %w", io.ErrUnexpectedEOF)
	}
	stats.ReceivedLines, stats.AppliedUpdates, stats.CaughtUp = in.lines, in.applied, err == nil
	return stats, err
}

// Restore is Load into a scuttlebutt in which nothing is yet, which then is the
// replica whose dump it was: it has its clock, and writes by its id. There must be
// no other of that id any more. It returns ErrRestored if something is here
// already.
func (s *Scuttlebutt) Restore(ctx context.Context, src pull.Source[[]byte]) (Stats, error) {
	if len(s.clock(true)) > 0 {
		return Stats{}, ErrRestored
	}
	stats, err := s.Load(ctx, src)
	if err != nil {
		return stats, err
	}
	id := identOf(stats.Peer.ID)
	s.fixed.Store(&id)
	s.renewed.Store(0)
	s.settle()
	return stats, nil
}
