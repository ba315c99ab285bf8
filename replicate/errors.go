package replicate

import (
	"errors"
	"fmt"
	"time"
)

// Errors of writing.
var (
	// ErrTooLarge is matched by a [SizeError].
	ErrTooLarge = errors.New("replicate: too large")
	// ErrClosed is returned by writes to a replica whose journal was closed.
	ErrClosed = errors.New("replicate: replica is closed")
)

// Errors that end a session, at both ends.
var (
	// ErrNotWeir is returned when what is read does not begin like weir.
	ErrNotWeir = errors.New("replicate: not a weir stream")
	// ErrVersion is matched by a [VersionError].
	ErrVersion = errors.New("replicate: protocol version not supported")
	// ErrWrongSet is returned when both replicas name a data set, and not the
	// same one.
	ErrWrongSet = errors.New("replicate: peer belongs to another data set")
	// ErrForked is matched by a [ForkError].
	ErrForked = errors.New("replicate: one replica in two places")
	// ErrSelf is returned when a replica was connected to itself.
	ErrSelf = errors.New("replicate: connected to itself")
	// ErrUnknownType is matched by an [UnknownTypeError].
	ErrUnknownType = errors.New("replicate: unknown object type")
	// ErrFuture is matched by a [FutureError].
	ErrFuture = errors.New("replicate: stamp too far in the future")
	// ErrCorrupt is matched by a [FrameError].
	ErrCorrupt = errors.New("replicate: corrupt data")
	// ErrDiverged is returned when two replicas, after an exchange, promise the
	// same and do not hold the same: a broken promise. The next session notices
	// and exchanges everything, whatever clocks say.
	ErrDiverged = errors.New("replicate: equal clocks, different contents")
	// ErrSuperseded ends a session whose peer has connected again.
	ErrSuperseded = errors.New("replicate: peer opened a newer session")
	// ErrBehind ends a session, or the loading of a dump, in which one side
	// has forgotten deletions that the other may not know of. The side that is
	// behind must take everything anew; see [SyncConfig.Resync].
	ErrBehind = errors.New("replicate: behind what was forgotten")
	// ErrBehindPeer is an ErrBehind: this replica is the one that is behind.
	ErrBehindPeer = fmt.Errorf("%w: this replica must take everything anew from the peer", ErrBehind)
	// ErrPeerBehind is an ErrBehind: the peer is the one that is behind.
	ErrPeerBehind = fmt.Errorf("%w: the peer must take everything anew from this replica", ErrBehind)
	// ErrInFull is an ErrBehind: one side has forgotten deletions, and who has
	// syncs, dumps and loads in full only, since nobody can tell what a part
	// lacks of what was deleted.
	ErrInFull = fmt.Errorf("%w: nothing goes in part any more, only in full", ErrBehind)
	// ErrResynced ends what goes by a state that is no more: everything was
	// taken anew from another peer.
	ErrResynced = errors.New("replicate: everything was taken anew")
)

// A SizeError says what was over which limit. It matches [ErrTooLarge].
type SizeError struct {
	What  string // "key", "update", "object name"
	Size  int    // bytes
	Limit int    // bytes
	Text  string // how it begins, at most 32 bytes
}

// Error names the thing, its size and the limit.
func (e *SizeError) Error() string {
	return fmt.Sprintf("replicate: %s %q… has %d bytes, limit %d", e.What, e.Text, e.Size, e.Limit)
}

// Is reports whether target is ErrTooLarge.
func (e *SizeError) Is(target error) bool { return target == ErrTooLarge }

// NewSizeError makes a SizeError that quotes the beginning of text.
func NewSizeError(what, text string, limit int) *SizeError {
	return &SizeError{What: what, Size: len(text), Limit: limit, Text: text[:min(len(text), 32)]}
}

// A VersionError is a peer or file of another protocol version. It matches
// [ErrVersion].
type VersionError struct {
	Theirs, Ours byte // what the peer or file has, and what this program speaks
}

// Error names both versions.
func (e *VersionError) Error() string {
	return fmt.Sprintf("replicate: protocol version %d, this program speaks %d", e.Theirs, e.Ours)
}

// Is reports whether target is ErrVersion.
func (e *VersionError) Is(target error) bool { return target == ErrVersion }

// A ForkError says that one replica lives in two places: a file was copied, or
// restored while the original went on. Give one of them an id of its own. It
// matches [ErrForked].
type ForkError struct {
	ID    ReplicaID // of the replica, or of one that has seen both copies
	Stamp Stamp     // the stamp that names two updates; zero if the id alone gave it away
}

// Error names the replica, and the stamp where there is one.
func (e *ForkError) Error() string {
	if e.Stamp == (Stamp{}) {
		return fmt.Sprintf("replicate: replica %s is in two places", e.ID.Short())
	}
	return fmt.Sprintf("replicate: two different updates are stamped %v", e.Stamp)
}

// Is reports whether target is ErrForked.
func (e *ForkError) Is(target error) bool { return target == ErrForked }

// An UnknownTypeError names the type that a peer sent and this replica was not
// made with. It matches [ErrUnknownType].
type UnknownTypeError struct {
	Object ObjectName // that has the type
}

// Error names the object and its type.
func (e *UnknownTypeError) Error() string {
	return fmt.Sprintf("replicate: object %q has the unknown type %q", e.Object.Name, e.Object.Type)
}

// Is reports whether target is ErrUnknownType.
func (e *UnknownTypeError) Is(target error) bool { return target == ErrUnknownType }

// A FutureError is a stamp that lies further ahead of our wall clock than
// [Config.MaxAhead] allows. It matches [ErrFuture].
type FutureError struct {
	Stamp Stamp         // the offending one
	Ahead time.Duration // of our wall clock
	Limit time.Duration // Config.MaxAhead
}

// Error says how far ahead the stamp is.
func (e *FutureError) Error() string {
	return fmt.Sprintf("replicate: stamp %v is %v ahead of this host's clock, limit %v",
		e.Stamp, e.Ahead.Round(time.Millisecond), e.Limit)
}

// Is reports whether target is ErrFuture.
func (e *FutureError) Is(target error) bool { return target == ErrFuture }

// A FrameError is a frame that arrived whole and makes no sense, or an op that
// its type refuses. Nothing of the frame was applied. It matches [ErrCorrupt].
type FrameError struct {
	Frame string // the kind of frame
	Err   error  // what is wrong with it
}

// Error names the frame and what is wrong.
func (e *FrameError) Error() string {
	return fmt.Sprintf("replicate: bad %s frame: %v", e.Frame, e.Err)
}

// Is reports whether target is ErrCorrupt.
func (e *FrameError) Is(target error) bool { return target == ErrCorrupt }

// Unwrap returns what is wrong with the frame.
func (e *FrameError) Unwrap() error { return e.Err }
