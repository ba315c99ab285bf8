// Package events is a reliable emitter: every event reaches every replica, once.
//
// An [Emitter] is a named object whose events have a name and a value. What one
// replica emits is read on all of them, on its own too, and by one that was away
// when it connects again. No two events are in conflict. Their order may differ
// between replicas: each reads in the order in which events reached it. An
// author's events come in the order in which they were emitted where they arrive
// so, which they do from one replica straight to another.
//
// Give the replica the type when it is made, then open the emitter by name:
//
//	r := replicate.New(replicate.Config{Types: []replicate.Type{events.JSON}})
//	e, err := events.Open[string](r, "doorbell")
//	for ev, err := range e.Events(0).All(ctx) { … }
//
// Values are JSON unless [OpenWith] is given another codec. An emitter of mixed
// values is one of []any or json.RawMessage.
//
// # Once, also over a restart
//
// [Emitter.Events] returns each event once, and only once it is durable: what a
// program has acted on is there after a crash, too. So a program that wants to go
// on where it was remembers the stamp of the last event it has dealt with, and
// gives it to [Emitter.Resume] at its next start. That is exact for a replica
// in a journal, whose file keeps the order of arrival, compacted or not; it says
// nothing to another replica, where the order is another. A program that
// remembers the stamp in one transaction with what it makes of the event has dealt
// with each event exactly once.
//
// # History
//
// All events are kept, for replicas that have yet to come, until someone says
// which ones nobody needs any more: [Emitter.Trim] and [Emitter.TrimBefore] remove
// old events everywhere. A replica that had not received them by then never
// will; an event that the trimming replica had not received itself is never
// removed, however old its stamp. The newest event of each author stays, whatever
// its age, so that a reader which has heard everything still finds its place.
//
// A trim is an update for each author, and by itself no transaction: that would
// stay in the log whole for as long as one of its updates is in force, so that of
// authors who fall silent one after the other each would keep a trim of all. Half
// a trim, as a crash may leave it, removes less, and the next does the rest.
//
// To keep the newest n by themselves, on each replica, would not converge: an
// event would go because of n others together, which may never meet in one place.
//
// # Cost
//
// An event costs its update (64 bytes and the op, which holds name and value
// once) and 24 bytes for its places in the order of arrival and in its author's.
// Emit takes constant time, Resume is logarithmic. Trim goes over all events; what
// it leaves is one update for each author of which it removed any, with an op of
// 10 to 50 bytes.
//
// # Encoding
//
// An op is a byte (0 emits, 1 trims). An event goes on with its name's length as
// a varint, the name, and the value to the end; a trim with the stamp of the
// newest event to go, as replicate.Stamp.AppendRef writes it: that author's
// events up to there are gone.
package events
