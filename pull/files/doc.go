// Package files makes streams of files: read, follow, walk, append, replace.
//
// [Read] is a source of chunks, [Follow] one that waits for more, as tail -F
// does; [LinesBackward] and [SplitBackward] read from the end. [Append] and
// [Replace] are sinks of chunks. A part of a file is
// pull.Reader(io.NewSectionReader(file, offset, n)), also several of one. All
// take the file system they work on as an [FS], so that a test can put a
// simulated one there which fails, or loses power, at any step. Each step that
// makes something durable (Sync of a file, Rename, SyncDir of a folder) is a
// call of its own through that interface. A nil FS means [OS]; [ReadOnly] makes one
// of an fs.FS. [Walk] is the source of what is in a folder, of any fs.FS.
//
// # Interruption
//
// Operations on regular files cannot be interrupted: a read, a write or an
// fsync that is under way is waited for. The context is looked at between
// chunks, and a last time before Replace renames.
//
// # Durability
//
// A nil error of Append or Replace means that the bytes have been through
// fsync, and so has the folder where its entry changed. On Windows a folder
// cannot be synced and that step does nothing.
//
// # Errors
//
// Errors name the path and wrap what the file system returned, so that
// errors.Is(err, fs.ErrNotExist) and errors.As with a *fs.PathError work. A
// failure of the source that a sink reads is returned as it is.
package files
