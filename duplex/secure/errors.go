package secure

import (
	"errors"
	"fmt"
	"io/fs"
)

// Reasons of an [Error] of Client, Server and Dial.
var (
	// ErrNotWeir is the reason when no channel could be agreed upon: the other
	// side speaks plain text, an older TLS or another protocol, or what it sent
	// was changed on its way before there were keys to tell by.
	ErrNotWeir = errors.New("the other side does not speak weir/1 over TLS 1.3")

	// ErrVersion is the reason when the hello of the other side has another
	// version.
	ErrVersion = errors.New("the other side speaks another version")

	// ErrNoKey is the reason when a client showed no key: it does not accept
	// ours, or has none.
	ErrNoKey = errors.New("the client showed no key: it refuses ours, or has none")

	// ErrBadKey is the reason when the other side showed something else than
	// one certificate with an ed25519 key.
	ErrBadKey = errors.New("the other side's key is not acceptable")

	// ErrRefused is the reason when the other side broke off because of our
	// key, and is matched by a [RefusedError].
	ErrRefused = errors.New("the other side refused this identity")

	// ErrTimeout is the reason when Config.Handshake has passed; the error
	// matches os.ErrDeadlineExceeded too.
	ErrTimeout = errors.New("the other side did not complete the handshake in time")
)

// Reasons of an [Error] at any time.
var (
	// ErrTampered is the reason when what arrived is not what the peer sent
	// next: it was changed, forged, repeated, reordered or left out on its way;
	// or the peer does not keep to TLS. Nothing of it was delivered.
	ErrTampered = errors.New("what arrived is not what was sent")

	// ErrAlert is the reason when the other side broke off with an alert of
	// TLS, which the error ends with; most often that is its ErrTampered.
	ErrAlert = errors.New("the other side broke off")
)

// ErrUnknownPeer is matched by the error of Only and of an AllowList for a
// peer that is not the one, or not listed. An Accept of one's own may return
// it too, or wrap it.
var ErrUnknownPeer = errors.New("unknown peer")

// Reasons of an [IDError].
var (
	// ErrIDCharacter is the reason for a character that no id has.
	ErrIDCharacter = errors.New("wrong character")

	// ErrIDLength is the reason when there are more or fewer than 54
	// characters.
	ErrIDLength = errors.New("wrong length")

	// ErrIDCheck is the reason when the last two characters do not match the
	// others: there is a typing error somewhere.
	ErrIDCheck = errors.New("check characters do not match")

	// ErrWeakKey is the reason for one of the few keys in whose name anybody
	// can sign, the zero PeerID among them.
	ErrWeakKey = errors.New("the key is nobody's")
)

// Errors of files, wrapped in a [FileError].
var (
	// ErrFormat is matched when a file is not what it should be.
	ErrFormat = errors.New("wrong format")

	// ErrLocked is matched when a file is being changed by somebody else, or
	// was when that process ended.
	ErrLocked = errors.New("file is locked")
)

// An Error says why a handshake, a read or a write failed. It matches Reason,
// and what Err matches. It has no Unwrap method: under the stream contract an
// error that wraps another would count as news each time an ended source is
// aborted.
//
// It is for the log on this side: the other side gets no more than one of the
// alerts of TLS, or a hello.
type Error struct {
	Op     string // "handshake", "read" or "write"
	Reason error  // one of the reasons; nil if the connection itself failed
	Err    error  // the detail: what TLS or the connection said
}

// Error returns operation, reason and detail.
func (e *Error) Error() string {
	if e.Reason == nil {
		return "secure: " + e.Op + ": " + e.Err.Error()
	}
	return "secure: " + e.Op + ": " + e.Reason.Error() + ": " + e.Err.Error()
}

// Is reports whether target is the reason, or matched by the detail.
func (e *Error) Is(target error) bool { return target == e.Reason || errors.Is(e.Err, target) }

// As finds target in the detail.
func (e *Error) As(target any) bool { return errors.As(e.Err, target) }

// A PeerError says that this side did not accept a peer, which had proven its
// key. It wraps what Config.Accept returned.
type PeerError struct {
	Peer PeerID // who it was
	Err  error  // why
}

// Error returns the peer and why.
func (e *PeerError) Error() string { return "secure: peer " + e.Peer.String() + ": " + e.Err.Error() }

// Unwrap returns Err.
func (e *PeerError) Unwrap() error { return e.Err }

// A RefusedError says that the server, which had proven its key, did not accept
// this side. It matches [ErrRefused].
type RefusedError struct {
	Peer    PeerID // who refused
	Unknown bool   // it does not know this identity; else it gave no reason
}

// Error returns who refused, and what can be done.
func (e *RefusedError) Error() string {
	s := "secure: peer " + e.Peer.String() + " refused this identity"
	if e.Unknown {
		s += ": it is not known there, and must be added"
	}
	return s
}

// Is reports whether target is ErrRefused.
func (e *RefusedError) Is(target error) bool { return target == ErrRefused }

// An IDError says why a text is no peer id. It matches Err.
type IDError struct {
	Err    error // one of the reasons above
	Offset int   // of the wrong character, in bytes, for ErrIDCharacter
	Length int   // how many characters there are, dashes and spaces not counted
}

// Error returns the reason, and where.
func (e *IDError) Error() string {
	switch e.Err {
	case ErrIDCharacter:
		return fmt.Sprintf("secure: peer id: %v at %d: only a-z and 2-7 occur", e.Err, e.Offset+1)
	case ErrIDLength:
		return fmt.Sprintf("secure: peer id: %v: %d characters, not %d", e.Err, e.Length, textChars)
	}
	return "secure: peer id: " + e.Err.Error()
}

// Unwrap returns Err.
func (e *IDError) Unwrap() error { return e.Err }

// A FileError says what is wrong with an identity file or an allow list.
type FileError struct {
	Path string // the file
	Line int    // from 1; 0 if it is not about one line
	Err  error  // what is wrong
}

// Error returns path, line and what is wrong.
func (e *FileError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("secure: %s: %v", e.Path, e.Err)
	}
	return fmt.Sprintf("secure: %s:%d: %v", e.Path, e.Line, e.Err)
}

// Unwrap returns Err.
func (e *FileError) Unwrap() error { return e.Err }

// A ModeError says that others than the owner may do too much with a file.
type ModeError struct {
	Path string      // the file
	Mode fs.FileMode // its permission bits
	Max  fs.FileMode // the permission bits it may have of those
}

// Error returns the modes and the command that mends it.
func (e *ModeError) Error() string {
	return fmt.Sprintf("secure: %s: mode %04o lets others in; mend it with: chmod %04o %q",
		e.Path, e.Mode, e.Mode&e.Max, e.Path)
}
