package journal

import (
	"fmt"
	"io"
	"os"

	"github.com/weir-go/weir/pull/files"
)

// shed ends the file with its good prefix. What is behind that is kept beside
// it, for it may be the rest of what somebody else has cut, unless it is known to
// be of a write that never ended: nobody was shown anything of that.
func (l *loader) shed(file files.File) error {
	if !l.interrupted() {
		if err := l.keep(); err != nil {
			return err
		}
	}
	if err := cut(file, l.rec.Bytes); err != nil {
		return &WriteError{l.path, "truncate", err}
	}
	return nil
}

// interrupted reports whether the torn tail is of a write that a crash cut
// short. A seal is the time of access, too, which neither the next write changes
// nor truncation: so if it still says where the last whole write ended, none has
// ended since. Across a restart it says so only of what was synced. Where a file
// system has no such times, or somebody has read the file since, nothing is known.
func (l *loader) interrupted() bool {
	then, now := l.last.place, l.place
	switch {
	case !l.opened || l.last.flags&flagSealed == 0:
		return false
	case then.File == "" || then.File != now.File || then.Host == "" || then.Host != now.Host:
		return false
	case !l.sameBoot() && l.last.flags&flagNoSync != 0:
		return false
	}
	t, ok := accessTime(l.info)
	return ok && t.Equal(sealOf(t, l.end, l.endTail))
}

// keep copies what is behind the good prefix to a file of its own.
func (l *loader) keep() error {
	in, err := l.cfg.FS.OpenFile(l.path, os.O_RDONLY, 0)
	if err != nil {
		return fmt.Errorf("journal: keeping the rest: %w", err)
	}
	defer func() { _ = in.Close() }()
	if _, err := io.CopyN(io.Discard, in, l.rec.Bytes); err != nil {
		return fmt.Errorf("journal: keeping the rest: %w", err)
	}
	return l.save(in)
}
