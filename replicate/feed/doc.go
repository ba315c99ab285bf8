// Package feed is a log that many append to, in one order on every replica.
//
// A [Feed] holds items. Each has the stamp of its append as its id: a total
// order, in which what an author had seen comes before what it appended then. So
// all replicas that hold the same items show them in the same order, whatever
// order they arrived in; an item that arrives late takes its place among the
// others. [Feed.All] reads that order onward, [Feed.Backward] from the newest
// back, [Feed.Author] one author's items alone, and [Feed.Changes] follows what
// arrives. An id has a text form, by replicate.Stamp.MarshalText.
//
// Give the replica the type when it is made, then open the feed by name:
//
//	r := replicate.New(replicate.Config{Types: []replicate.Type{feed.JSON}})
//	f, err := feed.Open[string](r, "chat")
//
// Values are JSON unless [OpenWith] is given another codec.
//
// # Removal
//
// [Feed.Remove] is an update of its own, a tombstone, that stands in for the item
// wherever the item is or may yet come from: a replica that was away is sent the
// tombstone instead, and one that meets the tombstone first never shows the item.
// Nothing is ever appended under that id again. Two removals of one item are one.
// A tombstone stays, also when the item is gone everywhere.
//
// # Cost
//
// An item costs its update (64 bytes and the op, which is the value and a byte)
// and 24 bytes for its places in the order of arrival and in its author's. A
// removed item costs its tombstone, with an op of 10 to 50 bytes and a map entry
// about 200 bytes in all. Append, Get and Remove are logarithmic. Reading
// in order takes, for each 256 items, time linear in the number of authors, and
// then logarithmic in it for each item.
//
// # Encoding
//
// An op is a byte (0 appends, 1 removes) and the value to the end, or the id of
// the removed item as replicate.Stamp.AppendRef writes it.
package feed
