package httpstream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/weir-go/weir/pull"
)

// An Event is one of a stream of server-sent events (text/event-stream).
type Event struct {
	// ID is that of this event or, if it had none, of the last one that had: what
	// a client names in the header Last-Event-ID when it asks again.
	ID string

	Type string // empty means "message"
	Data string // any number of lines, with \n between them

	// Retry is how long a client should wait before it asks again, in whole
	// milliseconds; 0 means that nothing was said since the last event.
	Retry time.Duration
}

// Errors of events, in an [EventError].
var (
	// ErrEventTooLong is returned for an event that is over the limit.
	ErrEventTooLong = errors.New("httpstream: event too long")

	// ErrBadEvent is returned for an event that cannot be sent: its ID or Type
	// has a line break or, the ID, a zero byte in it.
	ErrBadEvent = errors.New("httpstream: event that cannot be sent")
)

// An EventError says where a stream of events went wrong.
type EventError struct {
	Offset int64 // bytes of the stream before that place
	Err    error // what went wrong: ErrEventTooLong, ErrBadEvent or io.ErrUnexpectedEOF
}

// Error says what and where.
func (e *EventError) Error() string {
	return fmt.Sprintf("httpstream: events, byte %d: %v", e.Offset, e.Err)
}

// Unwrap returns Err.
func (e *EventError) Unwrap() error { return e.Err }

// EncodeEvents is the source of the bytes of src's events, one chunk for each.
// The ID is sent where it differs from that before. Line breaks of any kind in
// the data become \n for the receiver. An event that cannot be sent ends the
// source with an [EventError], and src is aborted with it.
func EncodeEvents(src pull.Source[Event]) pull.Source[[]byte] {
	var e eventEncoder
	return derived(src, func(ctx context.Context, read pull.Source[Event]) ([]byte, error) {
		event, err := read(ctx)
		if err != nil {
			return nil, err
		}
		return e.encode(event)
	})
}

type eventEncoder struct {
	id     string // sent last
	offset int64
}

func (e *eventEncoder) encode(event Event) ([]byte, error) {
	if strings.ContainsAny(event.ID, "\r\n\x00") || strings.ContainsAny(event.Type, "\r\n") {
		return nil, &EventError{Offset: e.offset, Err: ErrBadEvent}
	}
	var b []byte
	if event.Retry >= time.Millisecond {
		b = appendField(b, "retry", strconv.FormatInt(event.Retry.Milliseconds(), 10))
	}
	if event.ID != e.id {
		b = appendField(b, "id", event.ID)
		e.id = event.ID
	}
	if event.Type != "" {
		b = appendField(b, "event", event.Type)
	}
	data := strings.ReplaceAll(event.Data, "\r\n", "\n")
	data = strings.ReplaceAll(data, "\r", "\n")
	for line := range strings.SplitSeq(data, "\n") {
		b = appendField(b, "data", line)
	}
	b = append(b, '\n')
	e.offset += int64(len(b))
	return b, nil
}

func appendField(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = append(b, value...)
	return append(b, '\n')
}
