package journal

import (
	"context"
	"errors"
)

// errViewed is why a view cannot be written.
var errViewed = errors.New("opened for reading only")

// View reads the file path as [Check] does: it needs no permission to write,
// waits for nobody, and never changes anything. The journal's replica holds what
// was in the file at that moment, and does not follow it. Writing to the replica,
// and Compact, fail with a WriteError; what reads works, Snapshot too. Errors are
// those of Check.
func View(ctx context.Context, path string, cfg Config) (*Journal, error) {
	l, err := look(ctx, path, cfg.withDefaults(), false)
	if err == nil {
		err = l.name()
	}
	if err != nil {
		return nil, err
	}
	j := &Journal{path: path, cfg: l.cfg, rec: l.rec, place: l.place, replica: l.replica, id: fileID(l.info)}
	if j.from, err = l.replica.Attach(); err != nil {
		return nil, err
	}
	j.viewed = &WriteError{path, "write", errViewed}
	j.from.Fail(j.viewed)
	return j, nil
}
