package npm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/internal/compact"
	"github.com/weir-go/weir/through/frame"
)

// An intake takes in lines, of a peer or a dump.
type intake struct {
	s      *Scuttlebutt
	max    int
	verify func(id string, signed, sig []byte) error
	again  bool // more than one header may come
	deaf   bool // nothing is taken in

	header  func(Header, []clockEntry) // nil for nobody
	sync    func()
	update  func(replicate.Stamp)
	refused func() // the peer has the own id

	read    lineReader
	lines   int64
	applied int64
	headed  bool
	synced  bool            // a SYNC has come
	loose   bool            // what comes is promised by nobody
	claimed replicate.Clock // what is promised once a SYNC has come

	by      string // the source of the update before
	author  replicate.Author
	inName  bool
	scratch []byte
}

func (s *Scuttlebutt) intake(max int, verify func(string, []byte, []byte) error) *intake {
	return &intake{
		s: s, max: max, verify: verify, claimed: replicate.Clock{},
		header: func(Header, []clockEntry) {}, sync: func() {}, update: func(replicate.Stamp) {},
		refused: func() {},
	}
}

// run takes in all lines of src. What they promise is joined when all that came in
// one chunk was taken in.
func (in *intake) run(ctx context.Context, src pull.Source[[]byte]) error {
	ended := false
	var gather gatherer
	chunks := func(ctx context.Context) ([]byte, error) {
		if err := in.promise(); err != nil {
			return nil, errors.Join(err, pull.Abort(src, err))
		}
		if !in.synced {
			gather.wait(ctx)
		}
		chunk, err := src(ctx)
		gather.got(len(chunk))
		ended = err == io.EOF
		return chunk, err
	}
	lines := frame.Lines(chunks, in.max)
	for {
		text, err := lines(ctx)
		switch {
		case err == io.EOF:
			return in.promise()
		case err != nil:
			return err
		}
		in.lines++
		if err = in.take(text); err == nil {
			continue
		}
		if errors.Is(err, ErrSameID) {
			in.part(ctx, lines)
			return err
		}
		if ended && errors.Is(err, errJSON) { // the line had no end
			return fmt.Errorf("npm: cut off inside a line: %w", io.ErrUnexpectedEOF)
		}
		return errors.Join(err, pull.Abort(lines, err))
	}
}

// parting is how long a peer that is refused has to end.
const parting = time.Second

// part has a peer that is refused read our header, which tells it why: were its
// lines left unread, the carrier might be reset before.
func (in *intake) part(ctx context.Context, lines pull.Source[frame.Msg]) {
	in.refused()
	late := fmt.Errorf("npm: refused peer has not ended: %w", context.DeadlineExceeded)
	ctx, cancel := context.WithTimeoutCause(ctx, parting, late)
	defer cancel()
	for err := error(nil); err == nil; {
		_, err = lines(ctx)
	}
}

// promise joins what was claimed, once there was a SYNC. Until then it may be
// half of what the peer has.
func (in *intake) promise() error {
	if !in.synced || in.loose || len(in.claimed) == 0 {
		return nil
	}
	err := in.s.r.Promise(in.claimed)
	clear(in.claimed)
	return err
}

// claim notes that the peer says to have all of an author up to t.
func (in *intake) claim(a replicate.Author, t replicate.Time) {
	in.claimed[a] = max(in.claimed[a], t)
}

func (in *intake) take(text []byte) error {
	l, err := in.read.parse(text)
	if err == nil {
		switch l.kind {
		case lineHeader:
			err = in.meet(l)
		case lineUpdate:
			err = in.apply(l)
		case lineSync:
			in.synced = true
			in.sync()
		case lineLoose:
			if in.again {
				err = in.promise()
				in.loose = true
			}
		}
	}
	if err != nil && !errors.Is(err, ErrSameID) { // of which the line is not to blame
		err = lineError(in.lines, text, err)
	}
	return err
}

func (in *intake) meet(l line) error {
	if in.headed && !in.again {
		return errTwice
	}
	in.headed, in.loose = true, false
	if !in.again && ident(l.id) == in.s.current() {
		return fmt.Errorf("npm: %w, %.64q", ErrSameID, in.s.ID())
	}
	h := Header{ID: ident(l.id).String(), Clock: make(map[string]float64, len(l.clock)), Meta: l.meta}
	for _, e := range l.clock {
		h.Clock[e.id.String()] = e.ts
		a, _ := in.s.scope.author(e.id)
		t, err := fromFloat(e.ts)
		if err != nil {
			return err
		}
		in.claim(a, t)
	}
	if in.deaf {
		clear(in.claimed)
	} else if !in.again {
		if err := in.s.foresee(in.claimed); err != nil {
			return err
		}
	}
	in.header(h, l.clock)
	return nil
}

// apply takes in an update.
func (in *intake) apply(l line) error {
	t, err := fromFloat(l.ts)
	if err != nil {
		return err
	}
	if in.author == "" || string(l.id) != in.by {
		in.by = string(l.id)
		in.author, in.inName = in.s.scope.author(ident(in.by))
	}
	stamp := replicate.Stamp{Time: t, Author: in.author}
	p, change, err := in.s.route(l.change)
	if err != nil {
		return err
	}
	if in.deaf {
		in.update(stamp)
		return nil
	}
	if err := in.verified(l); err != nil {
		return err
	}
	if len(change) > 0 {
		o := op{extra: string(l.extra)}
		if !in.inName {
			o.id = ident(in.by)
		}
		in.scratch = append(appendOp(in.scratch[:0], o), change...)
		news, err := p.handle.Take(stamp, string(in.scratch))
		if err != nil {
			return err
		}
		if news {
			in.applied++
		}
	}
	in.claim(stamp.Author, stamp.Time)
	in.update(stamp)
	return nil
}

func (in *intake) verified(l line) error {
	if in.verify == nil || string(l.id) == string(in.s.id(in.s.r.Author())) {
		return nil
	}
	signed := append(append([]byte{'['}, l.change...), ',')
	signed = append(appendNumber(signed, l.ts), `,"`...)
	signed = append(append(signed, l.id...), `"]`...)
	sig, _ := compact.Value(string(l.extra))
	var s []byte
	if sig != "" {
		s = []byte(sig)
	}
	if err := in.verify(ident(l.id).String(), signed, s); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// foresee compares what a peer claims of the own id with what was written here: if
// it is more, it has writes that were lost here, or the id is in use elsewhere.
// What is written from now on has another one.
func (s *Scuttlebutt) foresee(claimed replicate.Clock) error {
	a, _ := s.scope.author(s.id(s.r.Author()))
	if claimed[a] == 0 {
		return nil
	}
	var wrote replicate.Time
	for _, p := range s.all() {
		p.handle.View(func(o replicate.Object) {
			if src := o.(*base).seen[a]; src != nil {
				wrote = max(wrote, src.wrote)
			}
		})
	}
	if claimed[a] <= wrote {
		return nil
	}
	for _, p := range s.all() {
		_, err := p.handle.ComposeAs(func(d replicate.Draft) (replicate.Stamp, string, error) {
			d.State.(*base).adopt(a).lost = true
			return replicate.Stamp{}, "", nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
