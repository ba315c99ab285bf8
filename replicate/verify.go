package replicate

import (
	"crypto/ed25519"
	"runtime"
	"sync"
	"sync/atomic"
)

// signedRow is an update of a frame as its signature sees it.
type signedRow struct {
	stamp     Stamp
	object    ObjectName
	op        string
	signature string // empty if the author does not sign
}

func (s *signedRow) refused(why error) error {
	return &SignatureError{Stamp: s.stamp, Object: s.object, Err: why}
}

// verify reports whether the signature is right. It works in buf's memory, which
// it returns.
func (s *signedRow) verify(buf []byte) (mem []byte, ok bool) {
	key, _ := s.stamp.Author.Key()
	buf = appendStatement(buf[:0], s.stamp.Author, s.stamp.Time, s.object, s.op)
	return buf, ed25519.Verify(key, buf, []byte(s.signature))
}

// authorName returns the author of a number, before the frame's names are
// interned.
func (d *decoder) authorName(n *names, number uint32) Author {
	if known := len(d.authors); int(number) >= known {
		return n.authors[int(number)-known]
	}
	return d.authors[number].name
}

func (d *decoder) objectName(n *names, number uint32) ObjectName {
	if known := len(d.objects); int(number) >= known {
		return n.objects[int(number)-known]
	}
	return d.objects[number].name
}

// parseSignatures reads the column of signatures, which has one for each row of
// an author who signs.
func (d *decoder) parseSignatures(c *cursor, f *updatesFrame) {
	n, last, trailer := 0, -1, 0
	for i := range f.updates {
		if c.err != nil {
			return
		}
		if a := f.updates[i].author; int(a) != last {
			last, trailer = int(a), trailerOf(d.authorName(&f.names, a))
		}
		n += trailer
	}
	if n > 0 {
		f.signatures = string(c.bytes(n))
	}
}

// authenticate refuses a frame if one of its updates is not by whom it says, or
// by somebody who may not write here. What is held already, in the very same
// bytes, is not looked at again. Called without the lock: a signature takes
// some two hundred times as long as what else is done for an update.
// Who may write here is no matter if the frame is from the own file.
func (r *Replica) authenticate(d *decoder, f *updatesFrame, own bool) error {
	if f.signatures == "" && (own || !r.cfg.signedOnly()) {
		return nil
	}
	rows := r.unheldRows(d.signedRows(f))
	var last Author
	for i := range rows {
		if a := rows[i].stamp.Author; a != last && !own {
			if err := r.admits(a); err != nil {
				return rows[i].refused(err)
			}
			last = a
		}
	}
	if i := firstForged(rows); i < len(rows) {
		return rows[i].refused(ErrSignature)
	}
	return nil
}

// signedRows pairs the rows of a frame with their signatures.
func (d *decoder) signedRows(f *updatesFrame) []signedRow {
	rows := make([]signedRow, len(f.updates))
	left := f.signatures
	for i, raw := range f.updates {
		s := &rows[i]
		s.stamp = Stamp{raw.time, d.authorName(&f.names, raw.author)}
		s.object, s.op = d.objectName(&f.names, raw.object), raw.op
		n := trailerOf(s.stamp.Author)
		s.signature, left = left[:n], left[n:]
	}
	return rows
}

// unheldRows returns, in the memory of rows, those that are not held as they
// are.
func (r *Replica) unheldRows(rows []signedRow) []signedRow {
	r.mu.RLock()
	defer r.mu.RUnlock()
	rest := rows[:0]
	for _, s := range rows {
		if a := r.byName[s.stamp.Author]; a != nil {
			u := a.at(s.stamp.Time)
			if u != nil && u.object.name == s.object && u.Op() == s.op && u.signature() == s.signature {
				continue
			}
		}
		rest = append(rest, s)
	}
	return rest
}

// verifyShare is how many signatures are worth a goroutine.
const verifyShare = 8

// firstForged returns the index of the first row whose signature is wrong, or
// how many rows there are. It uses as many cores as there are: the standard
// library has no faster way to verify many than one by one.
func firstForged(rows []signedRow) int {
	var next, forged atomic.Int64
	forged.Store(int64(len(rows)))
	work := func() {
		var buf []byte
		for ok := false; ; {
			// Rows are taken in order: all before a forged one are looked at.
			i := next.Add(1) - 1
			if i >= forged.Load() {
				return
			}
			if rows[i].signature == "" {
				continue
			}
			if buf, ok = rows[i].verify(buf); !ok {
				lower(&forged, i)
			}
		}
	}
	var helpers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(rows)/verifyShare) - 1 {
		helpers.Go(work)
	}
	work()
	helpers.Wait()
	return int(forged.Load())
}

// lower lowers v to at most n.
func lower(v *atomic.Int64, n int64) {
	for old := v.Load(); n < old; old = v.Load() {
		if v.CompareAndSwap(old, n) {
			return
		}
	}
}

// appendSignatures appends the column of signatures.
func appendSignatures(b []byte, updates []*Update) []byte {
	for _, u := range updates {
		b = append(b, u.signature()...)
	}
	return b
}
