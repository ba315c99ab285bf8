package npm

import (
	"errors"
	"fmt"
)

// ErrLine is matched by a [LineError].
var ErrLine = errors.New("npm: bad line")

// ErrUnknownPart is matched by a [LineError] for a part that a bucket does not
// have.
var ErrUnknownPart = errors.New("bucket has no such part")

// ErrSignature is matched by a [LineError] for an update that SyncConfig.Verify
// has refused.
var ErrSignature = errors.New("signature refused")

// ErrChange is matched by the error of Write for what is not a change of the
// scuttlebutt's type.
var ErrChange = errors.New("not a change")

// ErrSameID is matched by the error of a session with a peer whose header has the
// own id: see [Config].ID.
var ErrSameID = errors.New("both sides have the same id")

// ErrRestored is returned by Restore when something was written already.
var ErrRestored = errors.New("npm: not empty, so that nothing can be restored into it")

// ErrNoRoom is returned where nothing sorts between two neighbours of a sequence.
var ErrNoRoom = errors.New("npm: no place between these rows")

// ErrNotFound is returned for a key or row that is not there.
var ErrNotFound = errors.New("npm: not found")

// A LineError says which line of a peer or a dump is refused, and why. Nothing of
// the line has had an effect. It matches [ErrLine] and Err.
type LineError struct {
	Line int64  // its number, from 1
	Text string // how it begins, at most 64 bytes
	Err  error  // what is wrong with it
}

// Error says what is wrong with which line.
func (e *LineError) Error() string {
	return fmt.Sprintf("npm: line %d, %q: %v", e.Line, e.Text, e.Err)
}

// Unwrap returns ErrLine and what is wrong.
func (e *LineError) Unwrap() []error { return []error{ErrLine, e.Err} }
