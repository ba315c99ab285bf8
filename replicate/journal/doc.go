// Package journal keeps a replica's updates in a file: open, append, recover, lock.
//
// [Create] makes the file, [Open] locks it, reads it into a replicate.Replica
// and appends from then on whatever the replica takes in; [Journal.Close] ends
// that. In between the replica is used as any other, and its Flush says when
// something is durable. [Check] looks at a file without changing it; [Fork]
// makes a copy that is a replica of its own. FORMAT.md beside this file
// describes the bytes.
//
// # Commits
//
// One goroutine appends. Everything that is not yet in the file goes into one
// write, a batch, which ends with a marker and a commit frame, and into one
// fsync; what comes meanwhile goes into the next batch. Nothing waits for a
// timer. [Policy] says what may be synced later, and what each can lose. When a
// write or an fsync fails, or the path no longer leads to this file, the
// replica's Flush and all later writes return that error, and nothing is written
// any more.
//
// # Recovery
//
// Opening keeps the longest valid prefix of the file. What a crash can have
// left behind it, a torn tail, is cut off and reported, and kept in another file
// unless it is known to be a write that never ended. Damage that no crash
// explains, since a later commit or clean mark vouches for what was there, or
// the file is shorter than it was put in place, is a [CorruptError], and the file
// is not opened; [Repair] keeps the prefix, and what is behind it in another
// file. A file that cannot be written is read by [View].
//
// # Compaction and snapshots
//
// A file that holds much that is obsolete is replaced by a shorter one while
// writers go on: when asked to ([Journal.Compact]), or unasked ([Trigger]).
// Commits wait only for the swap: some milliseconds, whatever the file's size.
// [Journal.Snapshot] writes what is durable at one moment to another file, to be
// loaded or kept. Both read the replica in memory, and nothing of the old file.
//
// # Authors
//
// A replica goes on writing under the author of the last opening if the file
// is provably the one last written here: the same file (device and inode) with
// either the same boot of the same machine, whose page cache has then survived,
// or a clean mark on the same host. Else it takes a new author, since the file
// may lack writes that others have seen, and two updates must never share a
// stamp. Everything in doubt means a new author, which costs some bytes.
package journal
