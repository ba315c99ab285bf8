package logs

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"

	"github.com/weir-go/weir/pull"
)

// A Handler is a slog.Handler whose records are read from a source. To log
// never waits: a record that finds the queue full is dropped, and counted. Any
// number of goroutines may log at once, also through what WithAttrs and
// WithGroup return. Make one with [NewHandler], and End it at last.
type Handler struct {
	*queue
	attrs  []slog.Attr // of WithAttrs, outside of the innermost group
	groups []group     // of WithGroup, outermost first
}

// A queue is what all handlers derived from one have in common.
type queue struct {
	records *pull.Pushable[slog.Record]
	level   slog.Leveler
	dropped atomic.Int64
}

// A group has the attributes that WithAttrs has put into it.
type group struct {
	name  string
	attrs []slog.Attr
}

// NewHandler returns a Handler in which up to size records wait; it panics if
// size is less than 1. Records below level are not taken; nil means
// slog.LevelInfo.
func NewHandler(size int, level slog.Leveler) *Handler {
	if level == nil {
		level = slog.LevelInfo
	}
	return &Handler{queue: &queue{
		records: pull.NewPushable[slog.Record](size, nil),
		level:   level,
	}}
}

// Source returns the source of the records, in the order in which they were
// logged. Attributes and groups of the handler are attributes of the record. It
// has one reader, as the source of a [pull.Pushable]; after its abort records
// are thrown away.
func (h *Handler) Source() pull.Source[slog.Record] { return h.records.Source() }

// Dropped returns how many records found the queue full.
func (h *Handler) Dropped() int64 { return h.dropped.Load() }

// End ends the source after the records that wait. What is logged afterwards is
// thrown away.
func (h *Handler) End() { h.records.End() }

// Enabled says whether level is one that the handler takes.
func (h *Handler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.level.Level()
}

// Handle puts r into the queue, or counts it as dropped. After the source's
// end it returns [pull.ErrEnded], or the cause with which the reader aborted. It
// does not look at ctx, since it never waits.
func (h *Handler) Handle(_ context.Context, r slog.Record) error {
	ok, err := h.records.TryPush(h.resolve(r))
	if err == nil && !ok {
		h.dropped.Add(1)
	}
	return err
}

// resolve returns r with the handler's attributes, in their groups.
func (h *Handler) resolve(r slog.Record) slog.Record {
	if len(h.attrs) == 0 && len(h.groups) == 0 {
		return r.Clone()
	}
	out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	out.AddAttrs(h.attrs...)
	var inner []slog.Attr
	r.Attrs(func(a slog.Attr) bool {
		inner = append(inner, a)
		return true
	})
	for _, g := range slices.Backward(h.groups) {
		inner = slices.Concat(g.attrs, inner)
		if len(inner) > 0 { // a group of nothing is left out
			inner = []slog.Attr{{Key: g.name, Value: slog.GroupValue(inner...)}}
		}
	}
	out.AddAttrs(inner...)
	return out
}

// WithAttrs returns a handler with the same source whose records have attrs.
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	derived := *h
	if n := len(h.groups); n > 0 {
		derived.groups = slices.Clone(h.groups)
		derived.groups[n-1].attrs = slices.Concat(h.groups[n-1].attrs, attrs)
	} else {
		derived.attrs = slices.Concat(h.attrs, attrs)
	}
	return &derived
}

// WithGroup returns a handler with the same source which puts what comes after
// into the group name.
func (h *Handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	derived := *h
	derived.groups = append(slices.Clip(h.groups), group{name: name})
	return &derived
}
