package npm

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weir-go/weir/replicate"
)

// bucketLetter is that of the scope of all buckets.
const bucketLetter = 'b'

// A bucket is what a scuttlebutt has if it is one, or is in one.
type bucket struct {
	parts         map[string]*Scuttlebutt // by name, canonical and with quotes; nil outside of buckets
	leaves        []*Scuttlebutt          // of parts, and of their parts, what is no bucket
	whole         *Scuttlebutt            // the bucket that this is a part of, the outermost one
	before, after string                  // what a part's change stands between
}

// OpenBucket opens several scuttlebutts that replicate as one, as scuttlebucket
// has them: parts is the type of each by its name. A part of a bucket that is a
// part itself has both names, with a slash between: "sub/model". In a name "~1"
// is a slash and "~0" is "~", as in a JSON Pointer (RFC 6901). Their objects are
// named by the bucket, a slash and that. It returns what Open does, and an error
// for a part that is a bucket as well.
func OpenBucket(
	r *replicate.Replica, name string, parts map[string]replicate.Type, cfg Config,
) (*Scuttlebutt, error) {
	s, err := newScuttlebutt(r, bucketLetter, name, cfg)
	if err != nil {
		return nil, err
	}
	if len(parts) == 0 {
		return nil, fmt.Errorf("npm: a bucket without parts")
	}
	s.parts = make(map[string]*Scuttlebutt)
	for _, path := range slices.Sorted(maps.Keys(parts)) {
		p, err := s.grow(path)
		if err != nil {
			return nil, err
		}
		if err := p.open(parts[path], name+"/"+path); err != nil {
			return nil, err
		}
	}
	s.settle()
	return s, nil
}

// grow adds a part, and the buckets that it is in.
func (s *Scuttlebutt) grow(path string) (*Scuttlebutt, error) {
	p := &Scuttlebutt{r: s.r, scope: s.scope, renewed: s.renewed}
	p.whole = s
	s.leaves = append(s.leaves, p)
	names, at := split(path), s
	for i, name := range names {
		p.before, p.after = p.before+"["+name+",", p.after+"]"
		inner := at.parts[name]
		switch last := i == len(names)-1; {
		case inner != nil && (last || inner.parts == nil):
			return nil, fmt.Errorf("npm: part %q is a bucket as well", path)
		case last:
			at.parts[name] = p
			return p, nil
		case inner == nil:
			inner = &Scuttlebutt{r: s.r, scope: s.scope, renewed: s.renewed}
			inner.whole, inner.parts = s, make(map[string]*Scuttlebutt)
			inner.before, inner.after = p.before, p.after
			at.parts[name] = inner
		}
		inner.leaves = append(inner.leaves, p)
		at = inner
	}
	return p, nil
}

// pointer has what stands for a slash and a tilde in a name.
var pointer = strings.NewReplacer("~1", "/", "~0", "~")

// split returns the names of a path, canonical and with quotes.
func split(path string) (names []string) {
	for name := range strings.SplitSeq(path, "/") {
		names = append(names, string(appendJSString(nil, pointer.Replace(name))))
	}
	return names
}

// Part returns a part of a bucket, for [NewModel] and the like, by its name, or by
// several as OpenBucket has them; nil if there is none of that name.
func (s *Scuttlebutt) Part(name string) *Scuttlebutt {
	for _, name := range split(name) {
		if s = s.parts[name]; s == nil {
			return nil
		}
	}
	return s
}

// all returns what has a handle: the scuttlebutt itself, or the parts of a bucket.
func (s *Scuttlebutt) all() []*Scuttlebutt {
	if s.parts == nil {
		return []*Scuttlebutt{s}
	}
	return s.leaves
}

// handles returns all of them.
func (s *Scuttlebutt) handles() (first *replicate.Handle, others []*replicate.Handle) {
	for _, p := range s.all()[1:] {
		others = append(others, p.handle)
	}
	return s.all()[0].handle, others
}

// route returns whose change it is, the scuttlebutt's or, in a bucket, a part's, and
// the change without the names of parts: nil if it says nothing.
func (s *Scuttlebutt) route(change []byte) (p *Scuttlebutt, inner []byte, err error) {
	p, inner = s, change
	for p.parts != nil {
		name, of, ok := pair(string(inner))
		if !ok || of == "" {
			return nil, nil, errUnwritten
		}
		if p = p.parts[name]; p == nil {
			return nil, nil, fmt.Errorf("%w: %.40s", ErrUnknownPart, name)
		}
		inner = []byte(of)
	}
	if string(inner) == "null" && p.typ == DocType.Tag {
		// What the original has in its history in place of a removal. It does not
		// say of which row.
		inner = nil
	}
	return p, inner, nil
}

// wrap puts around a change of an object what says whose it is.
func (s *Scuttlebutt) wrap(object replicate.ObjectName, change string) string {
	for _, p := range s.leaves {
		if p.handle.Name() == object {
			return p.before[len(s.before):] + change + p.after[len(s.after):]
		}
	}
	return change
}
