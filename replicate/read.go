package replicate

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

// ErrNotDump is returned by Load for a weir stream that is no dump, such as a
// replica's own file.
var ErrNotDump = errors.New("replicate: a weir stream, but not a dump")

// Read returns the replica as a stream of frames: what since does not promise
// (nil: everything), then a marker, then the end. The bytes are those that a
// peer would be sent. Writers may go on writing: what they replace while the
// stream is read is sent in its newer form. Nothing is read before the first
// call; the source must not be shared. It fails with [ErrResynced] when
// everything was replaced meanwhile.
func (r *Replica) Read(since Clock) pull.Source[[]byte] {
	return r.ReadOf(Filter{}, since)
}

// ReadOf is Read cut down to what passes f: since is what the reader holds of
// that, its [Replica.ClockOf] f. Who loads the stream is promised nothing about
// the rest. The first call returns what [Filter.Check] returns of f, or an
// [UnknownTypeError] if f goes by keys of a type that the replica relays unread.
func (r *Replica) ReadOf(f Filter, since Clock) pull.Source[[]byte] {
	d := &dump{r: r, since: since, only: newScope(f), out: outbox{limit: batchSize}}
	return pull.From(d.next, d.release)
}

// dump is an outgoing half without a peer.
type dump struct {
	r     *Replica
	since Clock
	only  *scope
	c     *reader
	out   outbox
	enc   encoder
	buf   []*Update
	ended bool

	swapped uint64
}

func (d *dump) next(context.Context) ([]byte, error) {
	if d.c == nil {
		return d.begin()
	}
	if d.ended {
		return nil, io.EOF
	}
	r := d.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if d.swapped != r.swapped {
		return nil, ErrResynced
	}
	chunk, over := d.frames()
	if d.ended = over; over {
		b := bye{}
		if d.only == nil {
			b = r.bye()
		}
		chunk = appendBye(chunk, b)
	}
	return chunk, nil
}

// frames returns updates, or the marker behind them. The caller holds the lock.
func (d *dump) frames() (chunk []byte, over bool) {
	if d.buf, _ = d.out.collect(&d.r.log, d.buf); len(d.buf) > 0 {
		chunk = d.enc.updates(nil, d.buf, d.out.pos)
		clear(d.buf)
		return chunk, false
	}
	return d.enc.marker(nil, d.r.authors, marker{pos: d.out.pos, clock: d.out.promise}), true
}

// begin takes the cut and makes the header.
func (d *dump) begin() ([]byte, error) {
	r, f := d.r, d.only.only()
	if err := errors.Join(f.Check(), r.judges(f)); err != nil {
		return nil, err
	}
	d.c = r.newReader()
	r.mu.Lock()
	defer r.mu.Unlock()
	d.c.peer = &d.out
	known := make([]Time, len(r.authors))
	for i, a := range r.authors {
		known[i] = d.since[a.name]
	}
	d.out.only, d.enc.only, d.swapped = d.only, d.only, r.swapped
	d.out.open(r, known, 0)
	return r.dumpHeader(d.out.promise, f), nil
}

// dumpHeader is what a dump begins with. The epoch is left out, so that nobody
// takes the dump's places for a live log's.
func (r *Replica) dumpHeader(promise []Time, f Filter) []byte {
	g := r.greeting(flagDump)
	g.epoch = 0
	if !f.All() {
		g.flags, g.print = g.flags|flagPartial, Fingerprint{}
	}
	return appendPosition(g.append(nil), r.authors, promise, position{filter: f, horizon: r.horizon})
}

func (d *dump) release(error) error {
	if d.c != nil {
		d.c.close()
	}
	return nil
}

// Write takes in a stream that Read made: a pull.Sink. See [Replica.Load].
func (r *Replica) Write(ctx context.Context, src pull.Source[[]byte]) error {
	_, err := r.Load(ctx, src)
	return err
}

// Load takes in a stream that Read made, and says what was in it. What came
// before an error stays: an error matching io.ErrUnexpectedEOF means that the
// stream was cut off, ErrCorrupt that it was damaged, ErrNotWeir and
// [ErrNotDump] that it was something else, [ErrBehind] that it is older than
// deletions that were forgotten here, or the other way round. Other errors are
// those of a session, or the source's own.
func (r *Replica) Load(ctx context.Context, src pull.Source[[]byte]) (Stats, error) {
	l := &loader{r: r}
	defer l.leave()
	counted := func(ctx context.Context) ([]byte, error) {
		chunk, err := src(ctx)
		l.stats.ReceivedBytes += int64(len(chunk))
		return chunk, err
	}
	frames := frame.Decode(sniff(counted), maxFrame)
	for {
		msg, err := frames(ctx)
		if err == io.EOF {
			return l.stats, l.end()
		}
		if err != nil {
			return l.stats, describe(err)
		}
		if err := l.take(msg); err != nil {
			return l.stats, errors.Join(err, pull.Abort(frames, err))
		}
	}
}

// loader is an incoming half without a peer.
type loader struct {
	r     *Replica
	dec   decoder
	met   bool
	bye   bool
	anew  Clock // the horizon that comes with the marker, into an empty replica
	stats Stats

	partial bool // the position must say which part this is
	placed  bool
	in      intake
}

func (l *loader) end() error {
	if l.bye {
		return nil
	}
	return fmt.Errorf("replicate: dump cut off: %w", io.ErrUnexpectedEOF)
}

func (l *loader) take(msg []byte) error {
	if len(msg) == 0 {
		return &FrameError{Frame: "empty", Err: errShort}
	}
	switch kind := msg[0]; {
	case !l.met:
		return l.greet(msg)
	case l.bye:
		return &FrameError{Frame: "late", Err: fmt.Errorf("kind %d after bye", kind)}
	case kind == kindPosition:
		return l.place(msg)
	case kind < kindIgnorable && l.partial && !l.placed:
		return &FrameError{Frame: "early", Err: fmt.Errorf("kind %d before the position", kind)}
	case kind == kindUpdates:
		f, news, err := l.r.takeIn(&l.dec, msg, l.in)
		l.stats.ReceivedUpdates += int64(len(f.updates))
		l.stats.AppliedUpdates += int64(news)
		return err
	case kind == kindMarker:
		return l.marker(msg)
	case kind == kindBye:
		l.bye = true
	case kind >= kindIgnorable:
	default:
		return &FrameError{Frame: "unknown", Err: fmt.Errorf("kind %d in a dump", kind)}
	}
	return nil
}

func (l *loader) marker(msg []byte) error {
	if err := l.r.joinIn(&l.dec, msg, l.in); err != nil {
		return err
	}
	l.stats.CaughtUp = true
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	l.r.raise(l.r.indexed(l.anew))
	return nil
}

func (l *loader) greet(msg []byte) error {
	g, err := parseGreeting(msg)
	switch {
	case err != nil:
		return err
	case g.flags&flagDump == 0:
		return ErrNotDump
	case g.set != 0 && l.r.set != "" && g.set != setHash(l.r.set):
		return fmt.Errorf("%w; this one is %q", ErrWrongSet, l.r.set)
	}
	l.met, l.stats.Peer = true, g.id
	l.partial = g.flags&flagPartial != 0
	return nil
}

// place takes the position, which says what part of a replica follows.
func (l *loader) place(msg []byte) error {
	p, err := parsePosition(msg)
	if err == nil && l.placed {
		err = &FrameError{Frame: "position", Err: errors.New("out of turn")}
	}
	if err != nil {
		return err
	}
	l.placed = true
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	if err := l.compareHorizons(p); err != nil {
		return err
	}
	l.in.only, l.in.under = newScope(p.filter), l.r.enter(p.filter)
	return nil
}

// compareHorizons refuses a dump that may hold what was deleted and forgotten
// here, or that has forgotten what may still be held here.
func (l *loader) compareHorizons(p position) error {
	r := l.r
	switch {
	case l.partial && len(p.forgot)+len(r.horizon) > 0:
		return ErrInFull
	case r.blank():
		l.anew = p.forgot
	case !p.clock.CoversAll(r.named(r.horizon)), !r.clock().CoversAll(p.forgot):
		return ErrBehind
	}
	return nil
}

func (l *loader) leave() {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	l.in.under.exit()
}

// intake says whose frames are taken in.
type intake struct {
	origin uint32 // Update.origin
	own    bool   // from the replica's own file, whatever its stamps
	full   bool   // also what the own clock covers
	verify bool   // signatures, also of the own file

	only  *scope   // nothing else may come
	under *partial // whose promises they are; nil for everything

	over func() error // if not nil: why nothing may be taken in any more
}

// takeIn takes in a frame of updates, whole or not at all, and returns how many
// of them were news.
func (r *Replica) takeIn(d *decoder, msg []byte, in intake) (f updatesFrame, news int, err error) {
	if f, err = d.parseUpdates(msg); err != nil {
		return f, 0, err
	}
	if !in.own || in.verify { // else checksums vouch for it
		if err := r.authenticate(d, &f, in.own); err != nil {
			return f, 0, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if in.over != nil {
		if err := in.over(); err != nil {
			return f, 0, err
		}
	}
	if err := d.intern(r, f.names); err != nil {
		return f, 0, err
	}
	updates, err := d.resolve(f, in.origin)
	if err == nil && !in.own {
		err = r.refuseFuture(updates, f.newest)
	}
	if err == nil {
		err = in.only.refuse(updates)
	}
	if err != nil {
		return f, 0, err
	}
	news, err = r.receive(updates, in.full)
	r.wake()
	return f, news, err
}

// clockIn parses a marker or an ack, and names the authors of its clock.
func (r *Replica) clockIn(d *decoder, msg []byte, in intake) (f clockFrame, entries []clockEntry, err error) {
	if f, err = d.parseClock(msg); err != nil {
		return f, nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := d.intern(r, f.names); err != nil {
		return f, nil, err
	}
	entries = d.entries(f.clock)
	for _, e := range entries {
		if in.own {
			break
		}
		if err := r.notFuture(Stamp{e.time, e.author.name}); err != nil {
			return f, nil, err
		}
	}
	return f, entries, nil
}

// joinIn joins the clock of a marker that comes from no peer.
func (r *Replica) joinIn(d *decoder, msg []byte, in intake) error {
	f, entries, err := r.clockIn(d, msg, in)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !in.own && r.cfg.Trust != nil {
		r.disbelieve(entries)
		return nil
	}
	r.promised(in.under, entries)
	if in.own {
		for _, t := range f.tokens {
			r.tokens[t.Sender] = t.token
		}
	}
	r.wake()
	return nil
}

// refuseFuture refuses updates of which the newest is too far ahead.
func (r *Replica) refuseFuture(updates []*Update, newest Time) error {
	for _, u := range updates {
		if u.time < newest {
			continue
		}
		if err := r.notFuture(u.Stamp()); err != nil {
			return err
		}
	}
	return nil
}
