package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"

	"github.com/weir-go/weir/duplex/command"
	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/mux/rpc"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/counter"
	"github.com/weir-go/weir/replicate/doc"
	"github.com/weir-go/weir/replicate/events"
	"github.com/weir-go/weir/replicate/feed"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/model"
	"github.com/weir-go/weir/replicate/npm"
	"github.com/weir-go/weir/replicate/registry"
	"github.com/weir-go/weir/replicate/seq"
)

// Exit statuses. They are part of the interface: the list only grows.
const (
	exitOK        = 0
	exitNotFound  = 1 // not found, or differs
	exitUsage     = 2
	exitPartial   = 3 // a part of the work was done, and is kept
	exitCorrupt   = 4
	exitFailed    = 5
	exitNoReplica = 10
	exitLocked    = 11
	exitIdentity  = 12 // forked, wrong data set, not trusted, an id that both sides have
	exitProtocol  = 13 // speaks another protocol, or another version
	exitRemote    = 14 // a method that was called has failed
	exitSignal    = 128
)

// A failure is an error as a person is told of it: what and where, what to do,
// and the exit status. It is also what goes from a holder to a command.
type failure struct {
	What string `json:"error"`
	Code int    `json:"code"`
	Hint string `json:"hint,omitempty"`
	err  error
}

func (f *failure) Error() string { return f.What }
func (f *failure) Unwrap() error { return f.err }

// fail makes a failure whose status and hint are known where it happens.
func fail(code int, hint, format string, args ...any) *failure {
	err := fmt.Errorf(format, args...)
	return &failure{What: plain(err), Code: code, Hint: hint, err: errors.Unwrap(err)}
}

// A signalError is the cause of a command that was cut short by a signal.
type signalError struct{ syscall.Signal }

func (e signalError) Error() string { return "cut short by a signal: " + e.Signal.String() }

// kept says of what was cut short by a signal what became of it. Of what has no
// part that could be kept, nothing is said.
func kept(err error, what string) error {
	var sig signalError
	if !errors.As(err, &sig) {
		return err
	}
	return &failure{What: sig.Error(), Code: exitSignal + int(sig.Signal), Hint: what, err: err}
}

// A cause says what an error means for whoever typed the command.
type cause struct {
	is   error
	code int
	hint string
}

// notThere is the hint for an address at which nobody answers.
const notThere = "is 'weir peer' or 'weir serve' running there, and is the address right?"

// causes is looked through in order; the first that matches decides.
var causes = []cause{
	{secure.ErrLocked, exitLocked, "try again; if no weir is at work, remove the file named above"},
	{secure.ErrUnknownPeer, exitIdentity, "'weir trust R ID' says who may connect"},
	{secure.ErrRefused, exitIdentity, "that host does not trust this user: see 'weir id' and 'weir trust'"},
	{secure.ErrNoKey, exitIdentity, "whoever connected does not trust this user"},
	{secure.ErrBadKey, exitIdentity, "whoever is there has no identity of weir"},
	{secure.ErrVersion, exitProtocol, "one side is older: use the newer weir on both"},
	{secure.ErrNotWeir, exitProtocol, "what answers there is not weir over TLS: " +
		"is it the right port, and is --insecure on both ends or on none?"},
	{secure.ErrTampered, exitProtocol, "something on the way changes what is sent"},
	{secure.ErrAlert, exitProtocol, "something on the way changes what is sent"},
	{journal.ErrLocked, exitLocked,
		"another weir is at work on it: try again when it is done"},
	{replicate.ErrForked, exitIdentity,
		"a copied replica is the same one twice: give the copy an id with 'weir fork COPY NEW'"},
	{replicate.ErrSelf, exitIdentity, "both ends are the same replica: name another one"},
	{replicate.ErrWrongSet, exitIdentity,
		"replicas of two data sets do not mix: see --set of 'weir init'"},
	{replicate.ErrNotDump, exitProtocol, "that is no dump: to take in another replica's file, " +
		"use 'weir sync R OTHER'"},
	{journal.ErrNotReplica, exitProtocol, "replicas are made by 'weir init R'; " +
		"dumps are read by 'weir load R'"},
	{replicate.ErrVersion, exitProtocol, "one side is older: use the newer weir on both"},
	{mux.ErrVersion, exitProtocol, "one side is older: use the newer weir on both"},
	{replicate.ErrNotWeir, exitProtocol, "what answers there, or was read, is not weir"},
	{mux.ErrNotWeir, exitProtocol, "what answers there is not weir: is it the right port?"},
	{mux.ErrProtocol, exitProtocol, "what answers there does not keep to weir's protocol"},
	{replicate.ErrHandshake, exitProtocol, "something is there, but it does not speak: is it weir?"},
	{replicate.ErrUnknownType, exitProtocol, "the other side holds objects that this weir cannot read"},
	{replicate.ErrFuture, exitFailed, "set the clocks of both hosts, then try again"},
	{replicate.ErrUntrusted, exitIdentity, "a signed replica takes what its trusted peers have signed: see 'weir trust'"},
	{replicate.ErrUnsigned, exitIdentity, "a signed replica takes only what is signed: " +
		"'weir id' makes a key, 'weir init --signed' a replica that signs"},
	{replicate.ErrSignature, exitCorrupt, "somebody on the way has changed it: nothing of it was taken in"},
	{replicate.ErrCorrupt, exitCorrupt, "what is damaged was not taken in; " +
		"'weir check R' says what a file holds"},
	{replicate.ErrDiverged, exitFailed, "sync again: everything will be compared"},
	{replicate.ErrBehindPeer, exitFailed, "deletions that are not here have been forgotten there: " +
		"'weir sync R OTHER --resync' replaces all that is in R by what is in OTHER"},
	{replicate.ErrPeerBehind, exitFailed, "deletions that are not there have been forgotten here: " +
		"there, 'weir sync R OTHER --resync' replaces all that is in R by what is here"},
	{replicate.ErrInFull, exitFailed, "one side has forgotten deletions (see 'weir forget --help'): leave out --only, " +
		"at the peer --allow"},
	{replicate.ErrBehind, exitFailed, "each side has forgotten deletions that the other may not know of: " +
		"sync both with a third replica, or 'weir export' one of them and 'weir init' it anew"},
	{replicate.ErrResynced, exitFailed, "everything was replaced meanwhile: once more"},
	{replicate.ErrNotMember, exitUsage, "name who must have heard of a deletion, R too: " +
		"'weir forget R --members ID,ID'; 'weir inspect' shows ids"},
	{replicate.ErrTooLarge, exitUsage, "keys have at most 4 KiB, values at most 4 MiB"},
	{model.ErrNotFound, exitNotFound, ""},
	{seq.ErrNotFound, exitNotFound, "'weir list ls R NAME' lists what is there"},
	{seq.ErrIndex, exitNotFound, "'weir list ls R NAME' lists what is there; indexes begin with 0"},
	{doc.ErrNotFound, exitNotFound, "'weir doc ls R NAME' lists the rows, each with its id first"},
	{doc.ErrIndex, exitNotFound, "'weir doc list R NAME FIELD=VALUE' lists what is there, each row with its index first"},
	{doc.ErrCrowded, exitFailed, "too many were put there, each between the two before it: move one of the two"},
	{feed.ErrNotFound, exitNotFound, "'weir log ls --json R NAME' lists the items with their ids"},
	{events.ErrUnknownEvent, exitNotFound, "it was trimmed, or is of another file: leave out --from"},
	{npm.ErrChange, exitUsage, "'weir npm write --help' says what a change of each kind is"},
	{npm.ErrUnknownPart, exitUsage, "each part of a bucket is named, by --part"},
	{npm.ErrSameID, exitIdentity, "an id is that of one replica or program: give one of the two another --id"},
	{registry.ErrNotFound, exitNotFound, "'weir services ls WHERE' lists what is there"},
	{registry.ErrRange, exitUsage, "a range is as npm writes it: 1.2.x, ~1.2, '>1.2.0', ^1 or *"},
	{registry.ErrService, exitUsage, "a service is NAME or NAME@1.2.3"},
	{registry.ErrRow, exitProtocol, notHub},
	{registry.ErrSilent, exitFailed, "is it a hub that answers there?"},
	{rpc.ErrProtocol, exitProtocol, "what answers there does not speak dnode: is it the right port?"},
	{rpc.ErrTooLarge, exitUsage, "a message has at most " + formatSize(maxAnswer) + " and a depth of 100"},
	{rpc.ErrLost, exitFailed, "the other side has not answered: its program says why, if anything does"},
	{npm.ErrLine, exitProtocol, "what answers there is no scuttlebutt of npm's, or one of another --kind"},
	{counter.ErrOverflow, exitFailed, "a number has 64 bits"},
	{syscall.ENOSPC, exitFailed, "free some space and try again; what was acknowledged is safe"},
	{fs.ErrPermission, exitFailed, "may this user read and write there?"},
	{replicate.ErrSuperseded, exitFailed, "the peer has connected anew; this connection was the older one"},
	{syscall.ECONNREFUSED, exitFailed, notThere},
	{syscall.EHOSTUNREACH, exitFailed, notThere},
	{syscall.ENETUNREACH, exitFailed, notThere},
	{mux.ErrLost, exitPartial, "what had arrived is kept: sync again for the rest"},
	{mux.ErrSilent, exitPartial, "what had arrived is kept: sync again for the rest"},
	{io.ErrUnexpectedEOF, exitPartial, "what came before is kept: once more brings the rest"},
	{syscall.ECONNRESET, exitPartial, "what had arrived is kept: sync again for the rest"},
	{syscall.EPIPE, exitPartial, "what had arrived is kept: sync again for the rest"},
}

// inHint puts a replica's path and an object's name where a hint says R and NAME,
// if it is of what is not in that file, or of who may write to it.
func inHint(err error, path, name string) error {
	if err == nil {
		return nil
	}
	f := explain(err)
	if f.Code != exitNotFound && f.Code != exitIdentity {
		return err
	}
	f.Hint = placeholders.ReplaceAllStringFunc(f.Hint, func(word string) string {
		switch {
		case word == "R":
			return escape(path)
		case name == "":
			return ""
		}
		return " " + escape(name)
	})
	return f
}

var placeholders = regexp.MustCompile(`\bR\b| NAME\b`)

// unwritable says of a file that cannot be opened for writing what can be done
// with it.
func unwritable(err *journal.WriteError) *failure {
	why, at, path := err.Err, new(fs.PathError), escape(err.Path)
	if errors.As(why, &at) {
		why = at.Err
	}
	hint := "may this user read and write there?"
	if in, err := os.Open(err.Path); err == nil {
		_ = in.Close()
		hint = "get, ls, export, dump and others that only read work on it; 'weir fork " + path +
			" NEW' makes a replica that can be written"
	}
	return fail(exitFailed, hint, "%s cannot be written: %w", err.Path, why)
}

// afterDamage says what to do about a damaged file.
func afterDamage(err *journal.CorruptError) string {
	if err.Head {
		return "its very beginning is damaged, so that there is nothing to keep: make a new replica, " +
			"and sync it with another or load a snapshot"
	}
	return fmt.Sprintf("'weir check %s --repair' keeps what is before the damage; "+
		"a sync then brings back what others have", escape(err.Path))
}

// explain makes a failure of any error. It is the one place where errors
// become exit statuses.
func explain(err error) *failure {
	f := &failure{What: plain(err), Code: exitFailed, err: err}
	var known *failure
	var sig signalError
	var exited *command.ExitError
	var stream *mux.StreamError
	var damage *journal.CorruptError
	var unwritten *journal.WriteError
	var foreign *replicate.SignatureError
	var remote *rpc.RemoteError
	if errors.As(err, &known) {
		f.Code, f.Hint = known.Code, known.Hint
		return f
	}
	if errors.As(err, &foreign) {
		f.What = strings.Replace(f.What, foreign.Object.String(), shown(foreign.Object), 1)
	}
	switch {
	case errors.As(err, &stream) && stream.Code == mux.CodeRefused:
		f.Code, f.Hint = exitNoReplica, "which replica is meant is said as in tcp://HOST:PORT/NAME"
		return f
	case errors.As(err, &unwritten) && unwritten.Op == journal.OpOpen:
		return unwritable(unwritten)
	case errors.As(err, &damage):
		f.Code, f.Hint = exitCorrupt, afterDamage(damage)
		return f
	case errors.As(err, &foreign) && errors.Is(err, replicate.ErrUntrusted):
		f.Code, f.Hint = exitIdentity, "if whoever signed it may write here: weir trust R "+signer(foreign.Stamp.Author)
		return f
	case errors.As(err, &remote):
		f.Code = exitRemote
		return f
	case errors.As(err, &sig):
		f.Code = exitSignal + int(sig.Signal)
		return f
	case errors.Is(err, errBrokenPipe):
		f.Code = exitSignal + int(syscall.SIGPIPE)
		return f
	}
	for _, c := range causes {
		if errors.Is(err, c.is) {
			f.Code, f.Hint = c.code, c.hint
			return f
		}
	}
	var dns *net.DNSError
	var socket *net.OpError
	switch {
	case errors.As(err, &socket) && errors.Is(err, fs.ErrNotExist):
		f.Hint = notThere
	case errors.As(err, &exited):
		f.Hint = "the command of exec: failed; try it by hand"
	case errors.As(err, &dns):
		f.Hint = "is the name right?"
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded):
		f.Hint = "it took too long: try again"
	case errors.Is(err, pull.ErrStopped):
		f.Hint = "the other side wanted no more"
	}
	return f
}

var prefixes = regexp.MustCompile(
	`(^|[:;] )(?:(?:pull|files|frame|codec|duplex|netconn|command|secure|mux|replicate|journal|model|seq|doc|set|value|counter|events|feed|npm|registry|rpc): )+`)

// plain is an error's text on one line, without the names of packages, which
// say nothing to whoever types commands.
func plain(err error) string {
	line := strings.TrimSpace(prefixes.ReplaceAllString(err.Error(), "$1"))
	return escape(strings.ReplaceAll(line, "\n", "; "))
}
