package journal

import (
	"path/filepath"
)

// minCompact is from which size on, in bytes, a file may be compacted.
const minCompact = 1 << 20

// wasteful reports whether more than half of the file is taken by what is not
// needed any more: obsolete updates, old markers and the marks of openings.
func (l *loader) wasteful() bool {
	if l.rec.Bytes < minCompact {
		return false
	}
	if l.rec.Updates == 0 {
		return true
	}
	needed := float64(l.content) / float64(l.rec.Updates) * float64(l.rec.Live)
	return needed < float64(l.rec.Bytes)/2
}

// compact puts a file that holds only what is live in the old one's place,
// once all of it is durable. If the new file cannot be written the old one
// stays. An error means that the new one is in place, and that nobody knows
// which one a power loss would leave.
func (j *Journal) compact() error {
	f := &fresh{path: j.out.path, meta: j.rec.Meta, cfg: j.cfg, replica: j.replica}
	if f.write() != nil {
		_ = f.cleanup(nil)
		return nil
	}
	next, ok := j.succeed(f.out)
	if !ok || j.cfg.FS.Rename(f.temp, f.path) != nil {
		_ = f.cleanup(nil)
		return nil
	}
	_ = j.out.file.Close() // it has no name any more
	j.rec.Compacted = j.out.size - f.out.size
	j.out, j.place, j.id, j.opened = f.out, next.place, next.id, true
	return j.out.failure("sync folder of", j.cfg.FS.SyncDir(filepath.Dir(f.path)))
}

// succeed makes out, which no one can find yet, this opening's file: locked,
// with its open frame, and durable.
func (j *Journal) succeed(out *output) (next *Journal, ok bool) {
	info, err := out.file.Stat()
	if err != nil {
		return nil, false
	}
	if ok, err := lock(out.file, true); !ok || err != nil {
		return nil, false
	}
	out.sealed = out.seal()
	next = &Journal{cfg: j.cfg, place: j.cfg.Place(info), id: fileID(info), last: j.last, out: out}
	b := next.opening(j.replica.Author()).append(nil)
	b = commit{out.size + int64(len(b)), int64(len(b))}.append(b)
	return next, out.append(b) == nil && out.sync() == nil
}
