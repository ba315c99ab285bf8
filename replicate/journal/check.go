package journal

import (
	"context"
	"fmt"
	"os"
)

// Check reads the file path and says what opening would find. It never changes
// the file and waits for nobody: where another process has the file open
// (Recovery.InUse), what it is just writing looks like a torn tail. Errors are
// those of [Open], context.Cause(ctx) among them, without a LockedError; beside
// a CorruptError, the Recovery describes the good prefix.
func Check(ctx context.Context, path string, cfg Config) (Recovery, error) {
	l, err := look(ctx, path, cfg.withDefaults(), false)
	if l == nil {
		return Recovery{}, err
	}
	adopt, reason := l.adopts()
	l.rec.NewAuthor, l.rec.Reason = !adopt, reason
	return l.rec, err
}

// look loads a file without changing it. There is no loader if it cannot be
// opened. Anew is that of load.
func look(ctx context.Context, path string, cfg Config, anew bool) (l *loader, err error) {
	// Opening something else, such as a pipe, might wait for ever.
	info, err := cfg.FS.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, irregular(path)
	}
	file, err := cfg.FS.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	defer func() { _ = file.Close() }()
	// Writers are kept away while we look, unless one is there already. Where
	// locks are not supported nothing is known of others.
	ok, lerr := lock(file, false)
	l, err = load(ctx, file, path, cfg, anew)
	l.rec.InUse = !ok && lerr == nil
	return l, err
}

// Fork copies the replica in the file path to the new file newPath, as a
// replica of its own: with a new id, the same meta, and all updates. The file
// at path may be in use; the copy holds what was written when Fork read it. It
// returns the errors of [Check] for path, and of [Create] for newPath.
func Fork(ctx context.Context, path, newPath string, cfg Config) error {
	cfg = cfg.withDefaults()
	if err := vacant(newPath, cfg); err != nil {
		return err
	}
	l, err := look(ctx, path, cfg, true)
	if err != nil {
		return err
	}
	f := &fresh{path: newPath, meta: l.rec.Meta, cfg: cfg, replica: l.replica}
	return f.create()
}
