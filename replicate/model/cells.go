package model

import (
	"hash/maphash"
	"iter"
	"slices"

	"github.com/weir-go/weir/replicate"
)

// cells is a map from keys to updates, each of which holds its key: a key is
// not kept beside it, and its hash is, so that growing touches no update. It
// grows by a segment at a time, so that no write waits for all the others.
//
// Source: Fagin et al., Extendible Hashing (1979).
type cells struct {
	seed  maphash.Seed
	n     int
	depth uint       // how many bits of a hash, the upper ones, choose a segment
	dir   []*segment // 1<<depth, of which several in a row may be one
}

// A segment is a hash table with open addressing and linear probing.
type segment struct {
	depth uint // how many bits its hashes have in common
	n     int
	slots []slot // a power of two; a quarter is free at least
}

type slot struct {
	u    *replicate.Update // nil where the slot is free
	hash uint64
}

const (
	minSlots = 8
	maxSlots = 1 << 12
)

func newCells() *cells {
	first := &segment{slots: make([]slot, minSlots)}
	return &cells{seed: maphash.MakeSeed(), dir: []*segment{first}}
}

func (c *cells) len() int { return c.n }

// find returns where a key is, or would be.
func (c *cells) find(key string) (s *segment, at int, hash uint64) {
	hash = maphash.String(c.seed, key)
	s = c.segment(hash)
	return s, s.find(key, hash), hash
}

func (c *cells) segment(hash uint64) *segment { return c.dir[hash>>(64-c.depth)] }

func (s *segment) find(key string, hash uint64) int {
	mask := len(s.slots) - 1
	for i := int(hash) & mask; ; i = (i + 1) & mask {
		at := &s.slots[i]
		if at.u == nil || at.hash == hash && keyIn(at.u) == key {
			return i
		}
	}
}

func keyIn(u *replicate.Update) string {
	_, key, _, _ := parseOp(u.Op())
	return key
}

// get returns the key's update, or nil.
func (c *cells) get(key string) *replicate.Update {
	s, at, _ := c.find(key)
	return s.slots[at].u
}

// put makes u the update of its key.
func (c *cells) put(key string, u *replicate.Update) {
	s, at, hash := c.find(key)
	for s.slots[at].u == nil && 4*(s.n+1) > 3*len(s.slots) {
		c.grow(s)
		s = c.segment(hash)
		at = s.find(key, hash)
	}
	if s.slots[at].u == nil {
		s.n++
		c.n++
	}
	s.slots[at] = slot{u, hash}
}

// grow doubles a full segment, or cuts it in two.
func (c *cells) grow(s *segment) {
	if len(s.slots) < maxSlots {
		old := s.slots
		s.slots = make([]slot, 2*len(old))
		for _, o := range old {
			s.add(o)
		}
		return
	}
	if s.depth == c.depth {
		c.depth++
		dir := make([]*segment, 1<<c.depth)
		for i := range dir {
			dir[i] = c.dir[i/2]
		}
		c.dir = dir
	}
	var halves [2]*segment
	for i := range halves {
		halves[i] = &segment{depth: s.depth + 1, slots: make([]slot, maxSlots)}
	}
	for _, o := range s.slots {
		if o.u != nil {
			half := halves[o.hash>>(63-s.depth)&1]
			half.add(o)
			half.n++
		}
	}
	from := slices.Index(c.dir, s)
	for i := range 1 << (c.depth - s.depth) {
		c.dir[from+i] = halves[i>>(c.depth-s.depth-1)]
	}
}

// add puts what is not in yet where there is room.
func (s *segment) add(o slot) {
	if o.u == nil {
		return
	}
	mask := len(s.slots) - 1
	i := int(o.hash) & mask
	for s.slots[i].u != nil {
		i = (i + 1) & mask
	}
	s.slots[i] = o
}

// remove takes a key out. What was moved on because of it moves back.
func (c *cells) remove(key string) {
	s, at, _ := c.find(key)
	if s.slots[at].u == nil {
		return
	}
	mask := len(s.slots) - 1
	for i := (at + 1) & mask; s.slots[i].u != nil; i = (i + 1) & mask {
		if home := int(s.slots[i].hash) & mask; (i-home)&mask >= (i-at)&mask {
			s.slots[at] = s.slots[i]
			at = i
		}
	}
	s.slots[at] = slot{}
	s.n--
	c.n--
}

// all returns the updates in no order.
func (c *cells) all() iter.Seq[*replicate.Update] {
	return func(yield func(*replicate.Update) bool) {
		var last *segment
		for _, s := range c.dir {
			if s == last {
				continue
			}
			last = s
			for _, o := range s.slots {
				if o.u != nil && !yield(o.u) {
					return
				}
			}
		}
	}
}
