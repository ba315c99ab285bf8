package secure

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"unicode/utf8"
)

// An AllowList is a file that lists the peers that are accepted, one a line:
//
//	# who may join
//	abcdef-ghijkl-mnopqr-… the laptop
//
// A line is a peer id without spaces and, optionally, a label for people. Empty
// lines, and what follows a # at the beginning or behind a space, are ignored.
//
// The file is read anew whenever it is needed, so a change holds from the next
// handshake on; connections that were made before stay. A file that does not
// exist lists nobody. A file with a wrong line lists nobody either, until it is
// mended. It may be changed by several processes and goroutines at once, by
// way of a file path.lock beside it; a symbolic link is itself replaced.
type AllowList struct {
	Path string // of the file
}

// An Entry is a line of an AllowList.
type Entry struct {
	Peer  PeerID // who is accepted
	Label string // for people; may be empty
}

const (
	maxList     = 1 << 20 // bytes
	maxLabel    = 200     // bytes
	newListPerm = 0o600
	listPerm    = 0o755 // others may read it, as far as we are concerned
)

// Accept is for Config.Accept: it accepts who is listed. Its error for anybody
// else matches [ErrUnknownPeer]; if the list cannot be read, it is that of
// Entries.
func (l AllowList) Accept(_ context.Context, p Peer) error {
	entries, err := l.Entries()
	if err != nil {
		return err
	}
	found := false
	for _, e := range entries {
		if e.Peer.Equal(p.ID) {
			found = true // and look at the others too, which takes as long for all
		}
	}
	if !found {
		return fmt.Errorf("%w: not listed in %s", ErrUnknownPeer, l.Path)
	}
	return nil
}

// Entries returns who is listed, in the file's order.
//
// It fails with a [FileError] that has the number of the first wrong line (and
// matches the error of its id, or [ErrFormat]) or says that the file is longer
// than 1 MiB; with a [ModeError] if others than the owner may write the file
// (where there are such modes); and otherwise with what the system said.
func (l AllowList) Entries() ([]Entry, error) {
	text, err := l.read()
	if err != nil {
		return nil, err
	}
	var entries []Entry
	err = l.each(text, func(_ string, e Entry, listed bool) {
		if listed {
			entries = append(entries, e)
		}
	})
	return entries, err
}

func (l AllowList) read() (string, error) {
	data, err := readFile(l.Path, maxList, listPerm)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(data), err
}

// each calls f for each line, with the entry if there is one.
func (l AllowList) each(text string, f func(line string, e Entry, listed bool)) error {
	n := 0
	for line := range strings.Lines(text) {
		n++
		e, listed, err := parseEntry(line)
		if err != nil {
			return &FileError{Path: l.Path, Line: n, Err: err}
		}
		f(line, e, listed)
	}
	return nil
}

func parseEntry(line string) (e Entry, listed bool, err error) {
	if !utf8.ValidString(line) {
		return Entry{}, false, fmt.Errorf("%w: not UTF-8", ErrFormat)
	}
	words := strings.Fields(line)
	for i, w := range words {
		if strings.HasPrefix(w, "#") {
			words = words[:i]
			break
		}
	}
	if len(words) == 0 {
		return Entry{}, false, nil
	}
	e.Peer, err = ParsePeerID(words[0])
	if err != nil {
		return Entry{}, false, err
	}
	e.Label = strings.Join(words[1:], " ")
	return e, true, checkLabel(e.Label)
}

// checkLabel refuses what would not come back as it is.
func checkLabel(label string) error {
	switch {
	case len(label) > maxLabel:
		return fmt.Errorf("%w: label of %d bytes, the limit is %d", ErrFormat, len(label), maxLabel)
	case !utf8.ValidString(label):
		return fmt.Errorf("%w: label is not UTF-8", ErrFormat)
	case strings.Join(strings.Fields(label), " ") != label,
		strings.HasPrefix(label, "#"), strings.Contains(label, " #"):
		return fmt.Errorf("%w: label has a line end, a comment or spaces too many", ErrFormat)
	}
	for _, r := range label {
		if r < ' ' || r == 0x7f {
			return fmt.Errorf("%w: label has a control character", ErrFormat)
		}
	}
	return nil
}

// Add lists a peer, in place of what the file said of it before, and makes the
// file, with mode 0600, if there is none. The label may be empty; it has at
// most 200 bytes, words separated by single spaces, none of which begins with #.
//
// The file is replaced in one step, also in a crash, or left as it was: then
// the error is that of Entries, matches [ErrWeakKey], [ErrFormat] (the label)
// or [ErrLocked], or is what the system said.
func (l AllowList) Add(peer PeerID, label string) error {
	if err := checkLabel(label); err != nil {
		return &FileError{Path: l.Path, Err: err}
	}
	if peer.weak() {
		return &FileError{Path: l.Path, Err: &IDError{Err: ErrWeakKey}}
	}
	return l.edit(func(kept string, _ bool) (string, bool) {
		if kept != "" && !strings.HasSuffix(kept, "\n") {
			kept += "\n"
		}
		return kept + strings.TrimSpace(peer.String()+" "+label) + "\n", true
	}, peer)
}

// Remove takes a peer off the list, and reports whether it was there. Its
// errors are those of Add; it does not make a file.
func (l AllowList) Remove(peer PeerID) (listed bool, err error) {
	err = l.edit(func(kept string, was bool) (string, bool) {
		listed = was
		return kept, was
	}, peer)
	return listed && err == nil, err
}

// edit replaces the file by what change makes of its lines but those of peer,
// and says whether to.
func (l AllowList) edit(change func(kept string, was bool) (string, bool), peer PeerID) error {
	return replaceFile(l.Path, func() ([]byte, fs.FileMode, error) {
		text, err := l.read()
		if err != nil {
			return nil, 0, err
		}
		var kept strings.Builder
		was := false
		err = l.each(text, func(line string, e Entry, listed bool) {
			if listed && e.Peer == peer {
				was = true
				return
			}
			kept.WriteString(line)
		})
		if err != nil {
			return nil, 0, err
		}
		text, replace := change(kept.String(), was)
		switch {
		case !replace:
			return nil, 0, nil
		case len(text) > maxList:
			err := fmt.Errorf("%w: longer than %d bytes", ErrFormat, maxList)
			return nil, 0, &FileError{Path: l.Path, Err: err}
		}
		return append([]byte{}, text...), l.perm(), nil
	})
}

// perm is what the file's permissions are, or will be.
func (l AllowList) perm() fs.FileMode {
	info, err := os.Stat(l.Path)
	if err != nil {
		return newListPerm
	}
	return info.Mode().Perm()
}
