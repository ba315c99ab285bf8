package duplex

import (
	"context"
	"os"

	"github.com/weir-go/weir/duplex/internal/guard"
	"github.com/weir-go/weir/duplex/internal/input"
	"github.com/weir-go/weir/duplex/internal/pump"
	"github.com/weir-go/weir/pull"
)

// Stdio is the standard input and output of this process, as they are when it
// is called. Whoever started the process is the other side. Call it once, and
// leave both files alone from then on.
//
// The source returns chunks of 1 byte to 32 KiB and does not close stdin. A
// blocked read can be interrupted: on Linux and macOS whatever stdin is, a
// terminal and the pipe of a shell too, and what was not read stays there for
// others; from its first call to its end it then holds two more file
// descriptors. This cannot be interrupted: a read that another process, which
// reads the same input, has left with nothing; one by a descriptor beyond 1023,
// stdin's or those two; and on other systems one of what has no deadlines, which
// most inherited files have not. There an abort, and whoever waits for it, waits
// for input or the end of it.
//
// The sink closes stdout at its end, clean or not, since that is how a reader
// of the pipe sees the end; that it was not a clean one can only be said by
// the exit status. It may be called once, then returns [ErrUsed]. It pulls its
// source while it writes: up to 32 KiB may wait, and one chunk that did not
// fit. A blocked write is interrupted only where stdout has deadlines, which is
// seldom: in general not if it was inherited. If nobody reads the pipe any more,
// a write makes the system end the process, unless the program has taken SIGPIPE
// in hand.
func Stdio() Duplex[[]byte, []byte] {
	var busy, used guard.Token
	in, out := input.Of(os.Stdin), stdout{os.Stdout}
	return Duplex[[]byte, []byte]{
		Source: func(ctx context.Context) ([]byte, error) {
			if !busy.Take() {
				return nil, pull.ErrOverlap
			}
			defer busy.Give()
			return in(ctx)
		},
		Sink: func(ctx context.Context, src pull.Source[[]byte]) error {
			if !used.Take() {
				return guard.Refuse(ctx, src, ErrUsed)
			}
			return pump.Run(ctx, src, out)
		},
	}
}

// stdout is a file as pump.Run sees it.
type stdout struct{ *os.File }

// End closes the file.
func (s stdout) End() error { return s.Close() }

// Cut closes the file, which interrupts a write where that can be done.
func (s stdout) Cut(error) { _ = s.Close() } // fails if it was closed before
