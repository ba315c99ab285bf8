package pull

import (
	"context"
	"io"
	"iter"
)

// FromSeq is the source of seq's values. The sequence is started by the first
// call, runs only inside calls, and is stopped by an abort. It knows no
// context and so cannot be interrupted: a call, and an abort, waits for it.
// For what blocks use [Generate].
func FromSeq[T any](seq iter.Seq[T]) Source[T] {
	s := &seqSource[T]{seq: seq}
	return From(s.next, s.release)
}

type seqSource[T any] struct {
	seq  iter.Seq[T]
	pull func() (T, bool)
	stop func()
}

func (s *seqSource[T]) next(context.Context) (T, error) {
	if s.pull == nil {
		s.pull, s.stop = iter.Pull(s.seq)
	}
	v, ok := s.pull()
	if !ok {
		return v, io.EOF
	}
	return v, nil
}

func (s *seqSource[T]) release(error) error {
	if s.stop != nil {
		s.stop()
	}
	return nil
}
