package journal

import (
	"io/fs"
	"time"

	"github.com/weir-go/weir/pull/files"
	"github.com/weir-go/weir/replicate"
)

// Config says how a replica's file is opened. The zero value accepts no type
// of object and syncs every commit.
type Config struct {
	// Replica configures the replica that the file is read into. ID and Set
	// are taken from the file.
	Replica replicate.Config

	// Signed is called when a file is opened whose Meta says Signed, and sets
	// what is still missing in its replica's configuration: Key, without which
	// nothing can be written, and Trust. Its error ends the opening. Nil sets
	// nothing.
	Signed func(*replicate.Config) error

	// Verify has Check, Open and Fork verify each signature in the file: one
	// that does not match is damage. When false, checksums vouch for the file.
	Verify bool

	// FS is the file system; nil means files.OS.
	FS files.FS

	// Sync says when a commit counts as durable; the zero value is SyncEach.
	Sync Policy

	// Interval is the longest that a commit stays unsynced under
	// SyncInterval; 0 means 1 second. Other policies do not use it.
	Interval time.Duration

	// LockWait is how long Open waits for another that has the file open; 0
	// means until its context is done.
	LockWait time.Duration

	// Progress is told while a file is read how many of its bytes were, after
	// each 64 KiB or more, by the goroutine that reads. It may be nil.
	Progress func(done, total int64)

	// Compact says when the file is compacted without being asked, while it
	// is opened and while it is open.
	Compact Trigger

	// Compacted is told how each such compaction went. If it failed the file
	// goes on as it was. It is called by the journal's goroutines, one at a
	// time, must not call Close, and may be nil.
	Compacted func(Compaction, error)

	// Place says where a file is; nil means this host. Tests set it.
	Place func(fs.FileInfo) Place
}

func (c Config) withDefaults() Config {
	if c.FS == nil {
		c.FS = files.OS()
	}
	if c.Place == nil {
		c.Place = here
	}
	if c.Interval <= 0 {
		c.Interval = time.Second
	}
	c.Compact = c.Compact.withDefaults()
	return c
}

// A Policy says when a commit counts as durable: when Flush returns, and peers
// may see it. Under each, a process that is killed loses nothing; they differ in
// what a power loss, or a crash of the system, can take. Whatever is lost, the
// file opens with what was written before it, and the replica takes a new author
// so that what others have seen comes back from them.
type Policy int

const (
	// SyncEach counts a commit once it was through fsync. A power loss takes
	// nothing that counted.
	SyncEach Policy = iota
	// SyncInterval counts a commit once the operating system has it, and
	// syncs at most Config.Interval later. A power loss takes at most what
	// counted in the last interval, and while its fsync ran.
	SyncInterval
	// SyncNever counts a commit once the operating system has it, and leaves
	// it to that to write. A power loss may take all that counted since the
	// opening, its first commit excepted: that one and the clean mark are
	// synced under every policy.
	SyncNever
)

// Meta is what a replica's file says about itself. It does not change.
type Meta struct {
	Label string // for people; may be empty; at most 4 KiB
	Set   string // the data set's name; "" joins anything; at most 4 KiB

	// Signed says that the replica takes in signed updates only, as
	// replicate.Config.SignedOnly, and signs its own: see Config.Signed.
	Signed bool
}

func (m Meta) check() error {
	switch {
	case len(m.Label) > replicate.MaxName:
		return replicate.NewSizeError("label", m.Label, replicate.MaxName)
	case len(m.Set) > replicate.MaxName:
		return replicate.NewSizeError("data set name", m.Set, replicate.MaxName)
	}
	return nil
}

// A Place says where a file is and since when its page cache has lived. Empty
// fields are not known, and prove nothing. Of each the first 255 bytes count.
type Place struct {
	Host string // the machine, across restarts
	Boot string // this run of the machine's kernel
	File string // the file among all of the host's: device and inode
}

// Recovery is what opening or checking found in a file.
type Recovery struct {
	ID        replicate.ReplicaID // whose file it is
	Meta      Meta                // as it was made with
	Bytes     int64               // the good prefix
	Updates   int                 // in the good prefix, obsolete ones included
	Live      int                 // of those, how many are not obsolete
	Markers   int                 // in the good prefix
	TornBytes int64               // behind the good prefix, as a crash may leave them; Open cuts them off
	Damaged   int64               // Check and Repair only: bytes behind the good prefix that no crash explains
	Clean     bool                // the last opening was closed
	InUse     bool                // Check only: another process has it open, and may be writing
	NewAuthor bool                // the replica writes under a new author
	Reason    string              // why the author is new
	Saved     string              // Open and Repair: where what was cut off is; "" if nothing was worth keeping
	Repaired  bool                // Repair only: something was wrong, and the good prefix took the file's place
	Compacted int64               // bytes saved by compaction while opening
}
