package replicate

import (
	"slices"
	"sort"
)

// log holds the live updates in order of arrival, and for each author an index
// ordered by stamp. Updates that were dropped stay in both until a sweep, so
// that dropping costs nothing; a sweep takes time linear in the log and comes
// after as many drops.
type log struct {
	entries []*Update // ascending seq
	gone    int       // how many of entries are dropped
	head    uint64    // seq of the newest arrival
}

// author is who writes, as a replica knows it.
type author struct {
	name    Author
	index   int         // in Replica.authors
	trailer int         // bytes of signature behind each op, 0 or 64
	clock   Time        // the own clock's entry
	hash    Fingerprint // of that entry; zero where there is none
	entries []*Update   // ascending time: updates, and the parts of transactions
	gone    int
}

// append gives u the next place.
func (l *log) append(u *Update) {
	l.head++
	u.seq = l.head
	l.entries = push(l.entries, u)
	u.rows(u.author.insert)
}

// insert puts u in its place by stamp; nearly always that is the end.
func (a *author) insert(u *Update) {
	n := len(a.entries)
	if n == 0 || a.entries[n-1].time < u.time {
		a.entries = push(a.entries, u)
		return
	}
	a.entries = slices.Insert(a.entries, a.after(u.time-1), u)
}

// push appends u. Where there is no room it makes half as much again, which is
// copied less often than what append makes, and leaves less behind.
func push(entries []*Update, u *Update) []*Update {
	if len(entries) == cap(entries) {
		entries = slices.Grow(entries, len(entries)/2+1)
	}
	return append(entries, u)
}

// after returns the index of the first entry above t.
func (a *author) after(t Time) int {
	return sort.Search(len(a.entries), func(i int) bool { return a.entries[i].time > t })
}

// at returns the entry stamped t, or nil. It may be one that was replaced.
func (a *author) at(t Time) *Update {
	if t == 0 || t > a.last() {
		return nil
	}
	if i := a.after(t - 1); i < len(a.entries) && a.entries[i].time == t {
		return a.entries[i]
	}
	return nil
}

// last returns the time of the author's newest entry, dropped ones included.
func (a *author) last() Time {
	if n := len(a.entries); n > 0 {
		return a.entries[n-1].time
	}
	return 0
}

// drop takes u out of everyone's view.
func (l *log) drop(u *Update) {
	u.state = stateDropped
	l.gone++
	u.rows(func(*Update) { u.author.gone++ })
	if l.gone > 64 && l.gone > len(l.entries)/2 {
		l.entries = sweep(l.entries)
		l.gone = 0
	}
	if a := u.author; a.gone > 64 && a.gone > len(a.entries)/2 {
		a.entries = sweep(a.entries)
		a.gone = 0
	}
}

func sweep(entries []*Update) []*Update {
	kept := slices.DeleteFunc(entries, func(u *Update) bool { return u.entry().state == stateDropped })
	if cap(kept) > 1024 && cap(kept) > 4*len(kept) {
		return slices.Clone(kept)
	}
	return kept
}

// from returns the index of the first entry in a place above seq.
func (l *log) from(seq uint64) int {
	n := len(l.entries)
	if n == 0 || l.entries[n-1].seq <= seq {
		return n
	}
	return sort.Search(n, func(i int) bool { return l.entries[i].seq > seq })
}

// since returns, in order of arrival, what a peer needs that holds whatever
// known promises and every place up to seq. It costs O(authors behind · log n
// + k log k) for k updates.
func (l *log) since(authors []*author, known []Time, seq uint64) []*Update {
	var out []*Update
	for _, a := range authors {
		t := timeAt(known, a.index)
		if a.last() <= t {
			continue
		}
		for _, u := range a.entries[a.after(t):] {
			if e := u.entry(); e.state != stateDropped && e.seq > seq {
				out = append(out, e)
			}
		}
	}
	slices.SortFunc(out, func(u, v *Update) int {
		if u.seq < v.seq {
			return -1
		}
		return 1
	})
	return slices.Compact(out)
}

// timeAt reads a clock kept by author index, which may be shorter than the
// list of authors.
func timeAt(times []Time, index int) Time {
	if index < len(times) {
		return times[index]
	}
	return 0
}
