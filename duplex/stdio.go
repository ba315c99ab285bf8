package duplex

import (
	"context"
	"os"

	"github.com/weir-go/weir/duplex/internal/guard"
	"github.com/weir-go/weir/duplex/internal/pump"
	"github.com/weir-go/weir/pull"
)

// Stdio is the standard input and output of this process, as they are when it
// is called. Whoever started the process is the other side. Call it once, and
// leave both files alone from then on.
//
// The source returns chunks of 1 byte to 32 KiB and does not close stdin. A
// blocked read can be interrupted where the system allows it, which is seldom:
// in general not for what was inherited, a terminal or the pipe of a shell.
// Then an abort, and whoever waits for it, waits for input or the end of it.
// Overlapping calls return [pull.ErrOverlap].
//
// The sink closes stdout at its end, clean or not, since that is how a reader
// of the pipe sees the end; that it was not a clean one can only be said by
// the exit status. It may be called once, then returns [ErrUsed]. It pulls its
// source while it writes: up to 32 KiB may wait, and one chunk that did not
// fit. A blocked write is interrupted where a read would be. If nobody reads
// the pipe any more, a write makes the system end the process, unless the
// program has taken SIGPIPE in hand.
func Stdio() Duplex[[]byte, []byte] {
	var busy, used guard.Token
	in, out := pull.Reader(os.Stdin), stdout{os.Stdout}
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
