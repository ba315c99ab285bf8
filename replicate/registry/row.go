package registry

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

// The kinds of rows in seaport's protocol. Others are ignored.
const (
	RowHelo      = "helo"      // Addr: where the hub sees the client
	RowRegister  = "register"  // ID and Service: it is there, or has changed
	RowFree      = "free"      // ID: it is not there any more
	RowSynced    = "synced"    // all there is to tell has been told
	RowHeartbeat = "heartbeat" // the sender lives
)

// A Row is one line of seaport's protocol: a JSON array whose first element is
// the kind.
type Row struct {
	Kind    string          // one of the constants above, or unknown
	ID      string          // of register and free: 1 to MaxID bytes
	Addr    string          // of helo
	Service json.RawMessage // of register: an object
}

// ErrRow is matched where a line is no row.
var ErrRow = errors.New("registry: not a row of seaport's protocol")

// DefaultMaxLine is how long a line is at most where Config does not say: 64 KiB.
const DefaultMaxLine = 64 << 10

// DecodeRows cuts src into rows, one on each line. max is the longest line in
// bytes; 0 or less means [DefaultMaxLine]. Blank lines are skipped.
//
// A line that is too long, no JSON, or no row (an error that matches [ErrRow])
// fails with a codec.LineError that has its number, after the rows before it,
// and src is aborted with that error. Input that ends inside a line ends with
// one that matches io.ErrUnexpectedEOF. Rows belong to the receiver. Memory: one
// chunk of src and a small multiple of the longest line.
func DecodeRows(src pull.Source[[]byte], max int) pull.Source[Row] {
	if max <= 0 {
		max = DefaultMaxLine
	}
	return codec.DecodeJSON[Row](src, codec.JSONOptions{MaxLine: max})
}

// EncodeRows turns each row into one chunk that holds its line. A row that
// cannot be written, since its Service is no JSON, fails with a codec.LineError,
// and src is aborted with it.
func EncodeRows(src pull.Source[Row]) pull.Source[[]byte] { return codec.EncodeJSON(src) }

// MarshalJSON returns the row as an array.
func (r Row) MarshalJSON() ([]byte, error) {
	text := append([]byte{'['}, quote(r.Kind)...)
	add := func(part []byte) { text = append(append(text, ','), part...) }
	switch r.Kind {
	case RowHelo:
		add(quote(r.Addr))
	case RowRegister:
		add(quote(r.ID))
		add(r.Service)
	case RowFree:
		add(quote(r.ID))
	}
	return append(text, ']'), nil
}

// UnmarshalJSON reads an array. What follows behind the elements of a kind, and
// behind a kind that is unknown, is left out, as seaport does. It returns an
// error that matches ErrRow.
func (r *Row) UnmarshalJSON(text []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil || len(parts) == 0 {
		return fmt.Errorf("%w: no array with a kind", ErrRow)
	}
	*r = Row{}
	var ok bool
	if r.Kind, ok = stringOf(string(parts[0])); !ok {
		return fmt.Errorf("%w: kind %.32s", ErrRow, parts[0])
	}
	part := func(i int) json.RawMessage {
		if i < len(parts) {
			return parts[i]
		}
		return nil
	}
	switch r.Kind {
	case RowHelo:
		r.Addr, ok = stringOf(string(part(1)))
	case RowRegister:
		r.Service = part(2)
		if ok = len(r.Service) > 0 && r.Service[0] == '{'; ok {
			r.ID, ok = stringOf(string(part(1)))
		}
		ok = ok && checkID(r.ID) == nil
	case RowFree:
		r.ID, ok = stringOf(string(part(1)))
		ok = ok && checkID(r.ID) == nil
	}
	if !ok {
		return fmt.Errorf("%w: %s without what belongs to it", ErrRow, r.Kind)
	}
	return nil
}
