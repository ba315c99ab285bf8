package journal

import (
	"encoding/binary"
	"hash/fnv"
	"io/fs"
	"syscall"
	"time"

	"github.com/weir-go/weir/pull/files"
)

// A file that was overwritten in place by a backup of itself is still the same
// file of the same host, and may end with a clean mark. What tells it is its
// modification time: the journal sets the microseconds of it, after each
// write, to a hash of how the file ends. Whoever else writes to the file sets
// them to something else, and whoever restores them too cannot restore the
// time of the last change.

// maxDrift is by how much the times of last change and of modification may
// differ in a sealed file: the seal keeps the seconds.
const maxDrift = 2 * time.Second

// sealOf returns the modification time, near t, of a file that ends with tail.
func sealOf(t time.Time, size int64, tail [4]byte) time.Time {
	h := fnv.New64a()
	_, _ = h.Write(binary.LittleEndian.AppendUint64(tail[:], uint64(size)))
	us := h.Sum64() % uint64(time.Second/time.Microsecond)
	return t.Truncate(time.Second).Add(time.Duration(us) * time.Microsecond)
}

// sealed reports whether a file is as the journal's last write left it.
func sealed(info fs.FileInfo, size int64, tail [4]byte) bool {
	t := info.ModTime()
	if info.Size() != size || !t.Equal(sealOf(t, size, tail)) {
		return false
	}
	changed, ok := changeTime(info)
	return !ok || changed.Sub(t).Abs() < maxDrift
}

// seal sets a file's times of modification and access, and reports whether it
// has taken them.
func seal(file files.File, size int64, tail [4]byte) bool {
	conn, real := file.(syscall.Conn)
	if !real {
		return false
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	// A file that was not written just now has old seconds, too far from the
	// change that sealing it is: the second time they are those of the first.
	for range 2 {
		info, err := file.Stat()
		if err != nil {
			return false
		}
		now := info.ModTime()
		if changed, ok := changeTime(info); ok && changed.After(now) {
			now = changed
		}
		t := sealOf(now, size, tail)
		cerr := raw.Control(func(fd uintptr) { err = setModTime(fd, t) })
		if cerr != nil || err != nil {
			return false
		}
		if info, err = file.Stat(); err == nil && sealed(info, size, tail) {
			return true
		}
	}
	return false
}
