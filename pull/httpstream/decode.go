package httpstream

import (
	"bytes"
	"context"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weir-go/weir/pull"
)

// maxEvent is the default limit of an event, in bytes.
const maxEvent = 1 << 20

// DecodeEvents is the source of the events in the bytes of src, as the HTML
// standard reads them: comments and unknown fields are left out, bytes that are
// no UTF-8 replaced. It holds one event, of at most limit bytes with all its
// lines; 0 means 1 MiB. A longer one, or a longer line, is [ErrEventTooLong].
//
// The end of src is clean only between events: within one it is
// io.ErrUnexpectedEOF. Both come as an [EventError]. Events before a failure are
// delivered first. It panics if limit is negative.
func DecodeEvents(src pull.Source[[]byte], limit int) pull.Source[Event] {
	switch {
	case limit < 0:
		panic("httpstream: DecodeEvents of a negative limit")
	case limit == 0:
		limit = maxEvent
	}
	d := &eventDecoder{limit: limit}
	return derived(src, d.next)
}

type eventDecoder struct {
	limit  int
	rest   []byte // of the chunk read last
	offset int64  // bytes of the stream before rest

	line    []byte // what is there of the line
	crlf    bool   // a \r has come: a \n right after it belongs to it
	started bool   // the first line has come

	event  Event // the fields so far; its ID stays
	data   []byte
	isData bool // there was a line of data, of whatever length
	size   int  // of the event's lines so far; 0 between events
}

func (d *eventDecoder) next(ctx context.Context, read pull.Source[[]byte]) (Event, error) {
	for {
		complete, err := d.readLine()
		switch {
		case err != nil:
			return Event{}, err
		case complete && d.takeLine():
			return d.dispatch(), nil
		case complete:
			continue
		}
		chunk, err := read(ctx)
		if err == io.EOF && (d.size > 0 || len(d.line) > 0) {
			err = &EventError{Offset: d.offset, Err: io.ErrUnexpectedEOF}
		}
		if err != nil {
			return Event{}, err
		}
		d.rest = chunk
	}
}

// readLine moves bytes from the chunk to the line, and reports whether that is
// complete.
func (d *eventDecoder) readLine() (bool, error) {
	if d.crlf && len(d.rest) > 0 {
		d.crlf = false
		if d.rest[0] == '\n' {
			d.skip(1)
		}
	}
	n := bytes.IndexAny(d.rest, "\r\n")
	complete := n >= 0
	if !complete {
		n = len(d.rest)
	}
	if n > d.limit-d.size-len(d.line) {
		return false, &EventError{Offset: d.offset, Err: ErrEventTooLong}
	}
	d.line = append(d.line, d.rest[:n]...)
	d.skip(n)
	if complete {
		d.crlf = d.rest[0] == '\r'
		d.skip(1)
	}
	return complete, nil
}

func (d *eventDecoder) skip(n int) {
	d.rest = d.rest[n:]
	d.offset += int64(n)
}

// takeLine reads the line that is complete, and reports whether it completes
// an event.
func (d *eventDecoder) takeLine() bool {
	line := d.line
	d.line = d.line[:0]
	if !d.started {
		d.started = true
		line = bytes.TrimPrefix(line, []byte("\uFEFF"))
	}
	switch {
	case len(line) == 0 && d.isData:
		return true
	case len(line) == 0: // what has no data is no event
		d.event.Type, d.size = "", 0
		return false
	case line[0] == ':':
		return false
	}
	d.size += len(line)
	name, value, _ := bytes.Cut(line, []byte(":"))
	d.field(string(name), bytes.TrimPrefix(value, []byte(" ")))
	return false
}

func (d *eventDecoder) field(name string, value []byte) {
	switch name {
	case "data":
		if d.isData {
			d.data = append(d.data, '\n')
		}
		d.data, d.isData = append(d.data, value...), true
	case "event":
		d.event.Type = text(value)
	case "id":
		if !slices.Contains(value, 0) {
			d.event.ID = text(value)
		}
	case "retry":
		ms, err := strconv.ParseUint(string(value), 10, 64)
		if err == nil && ms <= uint64(math.MaxInt64/time.Millisecond) {
			d.event.Retry = time.Duration(ms) * time.Millisecond
		}
	}
}

// dispatch returns the event that is complete.
func (d *eventDecoder) dispatch() Event {
	event := d.event
	event.Data = text(d.data)
	d.event = Event{ID: event.ID}
	d.data, d.isData, d.size = d.data[:0], false, 0
	return event
}

func text(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }
