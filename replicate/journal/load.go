package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/weir-go/weir/pull/files"
	"github.com/weir-go/weir/replicate"
)

// loader reads a file into a replica: its longest valid prefix, and what is
// behind that.
type loader struct {
	path  string
	cfg   Config
	anew  bool
	info  fs.FileInfo // of the file as it was found
	place Place
	scan  scanner

	rec      Recovery
	replica  *replicate.Replica
	restorer *replicate.Restorer
	last     opening // the last open frame
	lastAt   int64   // where it is
	opened   bool    // there is one
	placing  bool    // the file was put in place whole, and how far is still to be read
	synced   bool    // what was found is durable
	newest   replicate.Time
	content  int64   // bytes of updates and markers
	tail     [4]byte // how the good prefix ends
	end      int64   // where the last write of it ended
	endTail  [4]byte // and with what
}

// load reads all of a file. What it returns beside the loader is what no crash can
// have done, or a failure to read; the prefix before a CorruptError is loaded.
// Anew gives the replica an id of its own in place of the file's.
func load(ctx context.Context, file files.File, path string, cfg Config, anew bool) (*loader, error) {
	l := &loader{path: path, cfg: cfg, anew: anew, scan: scanner{r: file}}
	info, err := file.Stat()
	if err != nil {
		return l, fmt.Errorf("journal: %w", err)
	}
	told := int64(0)
	l.scan.read = func(done int64) error {
		if cfg.Progress != nil && done > told {
			told = done
			cfg.Progress(min(done, info.Size()), info.Size())
		}
		return context.Cause(ctx)
	}
	l.info, l.place = info, cfg.Place(info).clipped()
	if err = l.head(); err == nil {
		err = l.body()
	}
	if l.replica != nil {
		l.rec.Updates, l.rec.Markers = l.restorer.Updates(), l.restorer.Markers()
		l.rec.Live = l.replica.Len()
	}
	if errors.Is(err, replicate.ErrCorrupt) {
		l.rec.Damaged = info.Size() - l.rec.Bytes
	}
	return l, err
}

// head reads what every file begins with: who the replica is.
func (l *loader) head() error {
	payload, err := l.scan.next()
	if err != nil {
		return l.beheaded(err)
	}
	h, err := replicate.ParseHeader(payload)
	switch {
	case errors.Is(err, replicate.ErrNotWeir):
		return &NotReplicaError{l.path, fmt.Sprintf("it begins with %q", quotable(payload))}
	case errors.Is(err, replicate.ErrVersion):
		return fmt.Errorf("journal: %s: %w", l.path, err)
	case err != nil:
		return &CorruptError{l.path, 0, err, true}
	case h.Dump:
		return &NotReplicaError{l.path, "it is a dump, to be loaded into a replica"}
	}
	at := l.scan.at
	payload, err = l.scan.next()
	if err == io.EOF {
		err = damaged{io.ErrUnexpectedEOF}
	}
	if d, ok := err.(damaged); ok {
		return &CorruptError{l.path, at, d.error, true}
	}
	if err != nil {
		return fmt.Errorf("journal: reading: %w", err)
	}
	if l.rec.Meta, err = parseMeta(payload); err != nil {
		return &CorruptError{l.path, at, err, true}
	}
	cfg := l.cfg.Replica
	cfg.ID, cfg.Set = h.ID, l.rec.Meta.Set
	if l.anew {
		cfg.ID = replicate.ReplicaID{}
	}
	if l.rec.Meta.Signed {
		cfg.SignedOnly = true
		if l.cfg.Signed != nil {
			if err := l.cfg.Signed(&cfg); err != nil {
				return err
			}
		}
	}
	l.replica = replicate.New(cfg)
	l.restorer = l.replica.Restorer()
	l.restorer.Verify = l.cfg.Verify
	l.rec.ID, l.rec.Bytes, l.tail, l.placing = h.ID, l.scan.at, l.scan.last, h.Placed
	return nil
}

// beheaded says what a file is that begins with no valid frame.
func (l *loader) beheaded(err error) error {
	d, ok := err.(damaged)
	switch begin := l.scan.buf; {
	case err == io.EOF:
		return &NotReplicaError{l.path, "it is empty"}
	case !ok:
		return fmt.Errorf("journal: reading: %w", err)
	case likeHeader(begin):
		return &CorruptError{l.path, 0, d.error, true}
	default:
		return &NotReplicaError{l.path, fmt.Sprintf("it begins with %q", quotable(begin))}
	}
}

// likeHeader reports whether b was a header before something happened to it.
func likeHeader(b []byte) bool {
	const magic = "weir"
	same := 0
	for i := 0; i < len(magic) && i+1 < len(b); i++ {
		if b[i+1] == magic[i] {
			same++
		}
	}
	return same > 0 && same >= min(len(b)-1, len(magic))-1
}

func quotable(b []byte) []byte { return b[:min(len(b), 16)] }

// body reads the frames behind the head to the first that is not whole.
func (l *loader) body() error {
	for {
		payload, err := l.scan.next()
		if err == io.EOF {
			return l.whole()
		}
		if d, ok := err.(damaged); ok {
			return l.judge(d.error)
		}
		if err != nil {
			return fmt.Errorf("journal: reading: %w", err)
		}
		if err := l.take(payload, l.rec.Bytes); err != nil {
			return l.refused(err)
		}
		l.rec.Bytes, l.tail = l.scan.at, l.scan.last
		if kind := payload[0]; kind == kindCommit || kind == kindClean || kind == kindPlaced {
			l.end, l.endTail = l.rec.Bytes, l.tail
		}
	}
}

// errShorter is what is wrong with a file that was put in place whole and is not.
var errShorter = errors.New("the file ends here, and was longer when it was put in place")

// whole says whether a file that ends with a valid frame may end there.
func (l *loader) whole() error {
	if l.placing {
		return &CorruptError{l.path, l.rec.Bytes, errShorter, false}
	}
	return nil
}

// take takes in the frame at a place.
func (l *loader) take(payload []byte, at int64) (err error) {
	wasClean := l.rec.Clean
	l.rec.Clean = false
	if l.restorer.Takes(payload) {
		l.content += int64(len(payload))
		return l.restorer.Frame(payload)
	}
	switch kind := payload[0]; {
	case kind == kindOpen:
		l.last, err = parseOpening(payload)
		l.lastAt, l.opened = at, true
		l.newest = max(l.newest, l.last.last)
	case kind == kindCommit:
		_, err = parseCommit(payload, at)
	case kind == kindClean:
		var c clean
		c, err = parseClean(payload, at)
		l.newest = max(l.newest, c.last)
		l.rec.Clean = true
	case kind == kindPlaced:
		_, err = parsePlaced(payload, at)
		l.placing = false
	case kind >= kindOptional && kind <= kindOptionalEnd:
		l.rec.Clean = wasClean
	default:
		err = &replicate.FrameError{Frame: "unknown", Err: fmt.Errorf("kind %#x", kind)}
	}
	return err
}

// refused says why a frame that arrived whole cannot be taken in.
func (l *loader) refused(err error) error {
	if errors.Is(err, replicate.ErrCorrupt) || errors.Is(err, replicate.ErrForked) ||
		errors.Is(err, replicate.ErrSignature) {
		return &CorruptError{l.path, l.rec.Bytes, err, false}
	}
	return fmt.Errorf("journal: %s: %w", l.path, err)
}

// judge says whether the first frame that is not valid is where a crash may have
// torn the file: it is behind what was put in place whole, and nothing vouches
// for what was there, or all that does may have been written, but not synced,
// when the power went.
func (l *loader) judge(cause error) error {
	w, n, err := l.scan.witnesses()
	if err != nil {
		return fmt.Errorf("journal: reading: %w", err)
	}
	if l.placing || n > 0 && !l.unsynced(w, n) {
		if n == 0 && cause == io.ErrUnexpectedEOF {
			cause = errShorter
		}
		return &CorruptError{l.path, l.rec.Bytes, cause, false}
	}
	l.rec.TornBytes = l.scan.at - l.rec.Bytes
	l.rec.Clean = false
	return nil
}

// unsynced reports whether the damage, with n witnesses behind it, may be a
// power loss that kept later blocks of the file and lost earlier ones.
func (l *loader) unsynced(w witness, n int) bool {
	switch {
	case w.clean || l.sameBoot():
		return false
	case l.opened && l.last.flags&flagNoSync != 0:
		return true
	}
	return n == 1 && w.commit.at-w.commit.size <= l.rec.Bytes
}
