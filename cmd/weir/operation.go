package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/model"
)

// What commands do to a replica is done by operations. An operation knows
// neither flags nor files: it is given a request, bytes in, bytes out and
// somewhere to tell how far it is. So it does not matter whether it runs in
// the process of the command, or in that of another weir which holds the
// replica; see replicaFile.do.

// A request says which operation is asked for, and how.
type request struct {
	Op     string           `json:"op"`
	Key    string           `json:"key,omitempty"` // or the prefix of keys
	Value  json.RawMessage  `json:"value,omitempty"`
	Dry    bool             `json:"dry,omitempty"`    // load: only say what would be new
	Atomic bool             `json:"atomic,omitempty"` // import: all lines or none
	All    bool             `json:"all,omitempty"`    // watch: what is there, too
	Live   bool             `json:"live,omitempty"`   // session: goes on when both are equal
	Only   []replicate.Rule `json:"only,omitempty"`   // session: what is wanted; empty for everything
	Allow  []replicate.Rule `json:"allow,omitempty"`  // session: what the peer may have, likewise
	Path   string           `json:"path,omitempty"`   // snapshot: where to, in full
	Paper  paper            `json:"paper"`

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
	End   *failure `json:"end,omitempty"` // of the last note, "end", if it failed
}

// A call is a request with its ends.
type call struct {
	request
	in     pull.Source[[]byte]               // nil for nothing
	out    pull.Sink[[]byte]                 // nil for nowhere
	note   func(ctx context.Context, n note) // nil if nobody listens
	finish <-chan struct{}                   // closed: end in good order; may be nil
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
type operation func(ctx context.Context, j *journal.Journal, c *call) error

var operations = map[string]operation{
	"set": opSet, "get": opGet, "del": opDel, "ls": opLs,
	"import": opImport, "export": opExport, "dump": opDump, "load": opLoad,
	"session": opSession, "watch": opWatch,
	"compact": opCompact, "snapshot": opSnapshot,
	"clock": opClock, "inspect": opInspect,
}

// perform runs the operation of a call on a replica, and has ended its input
// when it returns.
func perform(ctx context.Context, j *journal.Journal, c *call) error {
	op := operations[c.Op]
	if op == nil {
		return fail(exitProtocol, "use the same weir everywhere", "unknown operation %q", c.Op)
	}
	c = c.withEnds()
	err := op(ctx, j, c)
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
	return journal.Config{Replica: replicate.Config{Types: []replicate.Type{model.JSON}}}
}

// objectOf returns the object that the commands work on: the map named "",
// with values as the JSON they were written in.
func objectOf(j *journal.Journal) (*model.Model[json.RawMessage], error) {
	return model.OpenWith(j.Replica(), "", asWritten)
}

// asWritten is the codec of values as the JSON they were written in.
var asWritten = replicate.Codec[json.RawMessage]{
	Type:   model.JSON,
	Encode: compact,
	Decode: func(b []byte) (json.RawMessage, error) { return b, nil },
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
