// Package command makes a duplex of a child process's stdin and stdout.
//
// The child's end is its exit status: bytes on stdout are followed by io.EOF
// only if it exited with 0, so a child that dies on the way never looks like
// a clean end.
package command

import (
	"errors"
	"os/exec"
	"time"

	"github.com/weir-go/weir/duplex"
)

// grace is how long a child has for each step of its end, see New.
const grace = 2 * time.Second

// tailDelay is how long stderr is read after the child has exited, when its
// own children hold it open: what the child said is there by then.
const tailDelay = 250 * time.Millisecond

// ErrRedirected is returned by both halves of a command whose Stdin or Stdout
// was set before, for then there is nothing to read or to write.
var ErrRedirected = errors.New("command: Stdin or Stdout already set")

// New makes a duplex of cmd, which must not have been started, and which it
// owns from then on: the source is the child's stdout, the sink its stdin.
// Nothing is started before the first call of either half. Both must be ended
// (Close of the duplex ends what was never used), and the child has exited and
// was waited for when the second one has.
//
// What the child says on stderr goes where cmd.Stderr says. If that is nil,
// the last 4 KiB are kept for an [ExitError]. A zero cmd.WaitDelay, for which
// the child's own children may hold stderr open, becomes 2 s, or 250 ms where
// only the tail is kept.
//
// The source returns chunks of 1 byte to 32 KiB. When stdout is closed it
// waits for the child to exit, then returns io.EOF if the status is 0 and an
// [*ExitError] otherwise. Aborting it closes stdout and leaves the sink
// running. Overlapping calls return [pull.ErrOverlap].
//
// The sink may be called once, then returns [duplex.ErrUsed]. It returns nil
// when its source has ended, all was written to the pipe and stdin is closed.
// A child that closes its stdin or exits before that wants no more: the sink
// aborts its source and returns [pull.ErrStopped]; whether that was well is
// what the source says. When the sink's source fails, or its context is
// cancelled, the child is terminated before its stdin is closed, so that it
// cannot take the cut for an end, and the source returns an [*ExitError] that
// matches the cause. The sink pulls its source while it writes: up to 32 KiB
// may wait, and one chunk that did not fit.
//
// A child is terminated by SIGTERM, and killed 2 s later. One that is still
// running when both halves have ended is terminated: at once, or 2 s later if
// its stdin had ended cleanly. Read the source to its end to let it take its
// time. Only the child is signalled, not its own children. Where there is no
// SIGTERM, or a pipe cannot be interrupted (Windows), it is killed at once.
func New(cmd *exec.Cmd) duplex.Duplex[[]byte, []byte] {
	p := &process{cmd: cmd, open: 2, exited: make(chan struct{})}
	return duplex.Duplex[[]byte, []byte]{Source: p.source(), Sink: p.sink}
}
