package npm

import (
	"context"
	"slices"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
)

// Changes returns updates as lines of the protocol, [change,timestamp,"id"], as
// they arrive, own and foreign, from behind a place of the replica's log: see
// replicate.Replica.Changes. Each is one line, with its end. What is replaced before
// it is read is skipped, so that a slow reader is told the newest of each key. The
// source never ends by itself; it fails where the replica's journal does.
func (s *Scuttlebutt) Changes(after uint64) pull.Source[[]byte] {
	src := s.r.Changes(after)
	var batch []*replicate.Update
	return pull.From(func(ctx context.Context) (text []byte, err error) {
		for {
			if len(batch) == 0 {
				if batch, err = src(ctx); err != nil {
					return nil, err
				}
			}
			u := batch[0]
			batch = batch[1:]
			if !s.has(u.Object()) {
				continue
			}
			if text, ok := s.appendLine(nil, u); ok {
				return text, nil
			}
		}
	}, func(cause error) error { return pull.Abort(src, cause) })
}

// has reports whether an object is the scuttlebutt's, or one of a bucket's parts.
func (s *Scuttlebutt) has(name replicate.ObjectName) bool {
	return slices.ContainsFunc(s.all(), func(p *Scuttlebutt) bool { return p.handle.Name() == name })
}

// InBucket reports whether u was written in a bucket, whose part its object is.
func InBucket(u *replicate.Update) bool {
	return scope{letter: bucketLetter}.owns(u.Stamp().Author)
}
