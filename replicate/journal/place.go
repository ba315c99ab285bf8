package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"strings"
)

// here is the place of a file on this host. What is not known stays empty.
func here(info fs.FileInfo) Place {
	return Place{Host: hostID(), Boot: bootID(), File: fileID(info)}
}

// hostID names this machine: its machine-id, or its name where it has none.
func hostID() string {
	id, _ := os.ReadFile("/etc/machine-id")
	if s := strings.TrimSpace(string(id)); s != "" {
		return digest("machine " + s)
	}
	name, err := os.Hostname()
	if err != nil || name == "" {
		return ""
	}
	return digest("host " + name)
}

// digest hides a machine's identity: files travel.
func digest(s string) string {
	h := sha256.Sum256([]byte("weir " + s))
	return hex.EncodeToString(h[:8])
}

// adopts says whether the author of the last opening goes on, and if not, why.
func (l *loader) adopts() (ok bool, reason string) {
	then, now := l.last.place, l.place
	sameFile := then.File != "" && then.File == now.File
	sameHost := then.Host != "" && then.Host == now.Host
	switch {
	case !l.opened:
		return false, "nothing was written to this file yet"
	case l.otherKey():
		return false, "what it writes is signed with another key than before, or not any more"
	case !sameFile:
		return false, "the file is a copy, or was moved between file systems"
	case l.last.flags&flagSealed != 0 && !sealed(l.info, l.rec.Bytes, l.tail):
		return false, "the file was cut short or changed by something else, such as a backup"
	case l.sameBoot():
		return true, ""
	case !sameHost:
		return false, "the file was last written on another host"
	case !l.rec.Clean:
		return false, "the machine stopped while the file was open"
	}
	return true, ""
}

// otherKey reports whether the last author signed and this opening does not, or
// with another key, or the other way round.
func (l *loader) otherKey() bool {
	_, signed := l.last.author.Key()
	_, signs := l.replica.Author().Key()
	return (signed || signs) && !l.replica.Owns(l.last.author)
}

// sameBoot reports whether the page cache of the last opening is still there.
func (l *loader) sameBoot() bool {
	return l.opened && l.last.place.Boot != "" && l.last.place.Boot == l.place.Boot
}
