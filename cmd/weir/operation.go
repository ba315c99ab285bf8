package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
)

// What commands do to a replica is done by operations. An operation knows
// neither flags nor files: it is given a request, bytes in, bytes out and
// somewhere to tell how far it is. So it does not matter whether it runs in
// the process of the command, or in that of another weir which holds the
// replica; see replicaFile.do.

// A request says which operation is asked for, and how.
type request struct {
	Op     string            `json:"op"`
	Name   string            `json:"name,omitempty"` // of the object
	Key    string            `json:"key,omitempty"`  // or what else names a part of it
	Value  json.RawMessage   `json:"value,omitempty"`
	Values []json.RawMessage `json:"values,omitempty"` // where there may be several
	Lines  bool              `json:"lines,omitempty"`  // they are lines of the input,
	Raw    bool              `json:"raw,omitempty"`    // of text and not of JSON
	Atomic bool              `json:"atomic,omitempty"` // import: all lines or none
	Dry    bool              `json:"dry,omitempty"`    // load: only say what would be new
	Follow bool              `json:"follow,omitempty"` // go on with what comes
	All    bool              `json:"all,omitempty"`    // watch: what is there, too
	From   string            `json:"from,omitempty"`   // events: behind this one
	Events []string          `json:"events,omitempty"` // events: of these names alone
	Target *target           `json:"target,omitempty"` // list move, doc move
	Fields []string          `json:"fields,omitempty"` // doc: of these names
	In     *clause           `json:"in,omitempty"`     // doc: the sequence
	Where  []clause          `json:"where,omitempty"`  // doc: what holds for rows
	Live   bool              `json:"live,omitempty"`   // session: goes on when both are equal
	Only   []replicate.Rule  `json:"only,omitempty"`   // session: what is wanted; empty for everything
	Allow  []replicate.Rule  `json:"allow,omitempty"`  // session: what the peer may have, likewise
	Path   string            `json:"path,omitempty"`   // snapshot: where to, in full
	Resync bool              `json:"resync,omitempty"` // session: take everything anew where that must be
	Npm    *npmObject        `json:"npm,omitempty"`    // npm …: which object
	Deaf   bool              `json:"deaf,omitempty"`   // npm session: take nothing in

	Members []string `json:"members,omitempty"` // forget: declare these, by what their ids begin with
	Hurry   bool     `json:"hurry,omitempty"`   // forget: wait for nobody who is connected

	Services *servicesRequest `json:"services,omitempty"` // services
	Paper    paper            `json:"paper"`

	// Of a session: the peer whose key was proved, and whether there is one to
	// prove. Zero of both is who only this user can be.
	Peer     secure.PeerID `json:"peer,omitzero"`
	Stranger bool          `json:"stranger,omitempty"`
}

// A note is what an operation tells while it runs.
type note struct {
	Event string   `json:"event"`
	Count int64    `json:"count,omitempty"`
	Of    int64    `json:"of,omitempty"` // what Count will be
	Peer  string   `json:"peer,omitempty"`
	Stats *summary `json:"stats,omitempty"`
	Set   string   `json:"set,omitempty"`
	Label string   `json:"label,omitempty"`
	Lost  string   `json:"lost,omitempty"` // an own update that the peer did not have
	End   *failure `json:"end,omitempty"`  // of the last note, "end", if it failed
}

// A call is a request with its ends.
type call struct {
	request
	in     pull.Source[[]byte]               // nil for nothing
	out    pull.Sink[[]byte]                 // nil for nowhere
	note   func(ctx context.Context, n note) // nil if nobody listens
	finish <-chan struct{}                   // closed: end in good order; may be nil

	parting <-chan struct{} // closed: the holder is about to end; may be nil
}

// reads reports whether a call needs no more than what the replica holds now.
func (c *call) reads() bool {
	return operations[c.Op].reads() && !c.Follow
}

// tell passes a note to whoever listens.
func (c *call) tell(ctx context.Context, n note) {
	if c.note != nil {
		c.note(ctx, n)
	}
}

// write is what an operation writes at once.
func (c *call) write(ctx context.Context, text []byte) error {
	return c.out(ctx, pull.Values(text))
}

// withEnds fills in the ends that were left out.
func (c *call) withEnds() *call {
	full := *c
	if full.in == nil {
		full.in = pull.Empty[[]byte]()
	}
	if full.out == nil {
		full.out = pull.Drain[[]byte]
	}
	return &full
}

// duplex is what comes in and what goes out.
func (c *call) duplex() duplex.Duplex[[]byte, []byte] {
	return duplex.Duplex[[]byte, []byte]{Source: c.in, Sink: c.out}
}

// An operation runs to its end, or until ctx is done.
type operation struct {
	run    func(ctx context.Context, j *journal.Journal, c *call) error
	writes bool // what it returns nil for is on disk
	alters bool // it may change the replica, though it is not for that
}

// reads reports whether an operation changes nothing.
func (o operation) reads() bool { return !o.writes && !o.alters }

var operations = allOperations()

func allOperations() map[string]operation {
	all := map[string]operation{
		"set": {run: opSet, writes: true}, "del": {run: opDel, writes: true},
		"import": {run: opImport, writes: true}, "load": {run: opLoad, writes: true},
		"get": {run: opGet}, "ls": {run: opLs}, "export": {run: opExport}, "dump": {run: opDump},
		"session": {run: opSession, alters: true}, "watch": {run: opFollow(mapKind)},
		"compact": {run: opCompact, writes: true}, "snapshot": {run: opSnapshot},
		"forget": {run: opForget, writes: true},
		"clock":  {run: opClock}, "inspect": {run: opInspect},
		"objects": {run: opObjects}, "watch objects": {run: opWatchObjects},
	}
	for _, k := range kinds {
		for i := range k.verbs {
			all[k.verbs[i].id(k)] = k.verbs[i].operation
		}
	}
	maps.Copy(all, npmOperations)
	for name, f := range servicesVerbs {
		all["services "+name] = operation{
			run: inDirectory(f), writes: name == "free", alters: name == "hub" || name == "register",
		}
	}
	return all
}

// perform runs the operation of a call on a replica, and has ended its input
// when it returns.
func perform(ctx context.Context, j *journal.Journal, c *call) error {
	op, known := operations[c.Op]
	if !known {
		return fail(exitProtocol, "use the same weir everywhere", "unknown operation %q", c.Op)
	}
	c = c.withEnds()
	err := op.survive(ctx, j, c)
	if err == nil && op.writes {
		err = j.Replica().Flush(ctx)
	}
	cause := err
	if cause == nil {
		cause = pull.ErrStopped
	}
	if release := pull.Abort(c.in, cause); release != nil && err == nil {
		return release
	}
	return err
}

// config is how every replica is opened.
func config() journal.Config {
	types := make([]replicate.Type, len(kinds))
	for i, k := range kinds {
		types[i] = k.typ
	}
	return journal.Config{Replica: replicate.Config{Types: types}}
}

var errNotJSON = errors.New("value is not JSON")

// compact is a JSON value without the space between its parts. Numbers keep
// their digits and strings their escapes.
func compact(raw json.RawMessage) ([]byte, error) {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return nil, errNotJSON
	}
	return b.Bytes(), nil
}
