package codec

import (
	"encoding/json"
	"slices"
	"strconv"
)

// A level is an object or array that the walker is inside of.
type level struct {
	object bool
	set    uint64 // the steps its members are looked at for
	n      int    // how many members were begun
}

// A walker goes over documents token by token.
type walker struct {
	opts JSONPathOptions
	path jsonPath
	bad  error // the path cannot be read
	in   *boundedReader
	dec  *json.Decoder

	levels []level
	keeps  bool                       // the path to the value is wanted
	keys   []string                   // of levels, that of the root left out
	held   int                        // bytes of keys
	at     []string                   // the path to the value found last
	found  bool                       // a value was found in this document
	beside map[string]json.RawMessage // members of the root off the path
	size   int                        // of beside, in bytes
}

// next reads the next value into v, which is nothing but a pointer.
func (w *walker) next(v any) error {
	if w.bad != nil {
		return w.bad
	}
	for {
		set, key, err := w.enter()
		switch {
		case err != nil:
			return err
		case set == leaving:
			err = w.leave()
		case w.path.found(set):
			return w.value(v, key)
		case set == 0 && len(w.levels) == 1 && w.levels[0].object && w.collects():
			err = w.collect(key)
		default:
			err = w.descend(set, key)
		}
		if err != nil {
			return err
		}
	}
}

// leaving is the set that enter returns at the end of an object or array.
const leaving = 1 << 63

// enter finds the next place: what is waited for there, and its key.
func (w *walker) enter() (set uint64, key string, err error) {
	if len(w.levels) == 0 {
		return start, "", nil
	}
	top := &w.levels[len(w.levels)-1]
	if more, err := w.in.more(); !more {
		return leaving, "", err
	}
	if !top.object {
		key = strconv.Itoa(top.n)
	} else {
		t, err := w.token()
		if err != nil {
			return 0, "", err
		}
		key = t.(string) // a Decoder gives nothing else for a key
	}
	top.n++
	return w.path.below(top.set, key), key, nil
}

func (w *walker) token() (t json.Token, err error) {
	err = w.in.read(len(w.levels) > 0, func() (err error) {
		t, err = w.dec.Token()
		return err
	})
	return t, err
}

func (w *walker) decode(v any) error {
	return w.in.read(len(w.levels) > 0, func() error { return w.dec.Decode(v) })
}

// leave goes over the end of an object or array.
func (w *walker) leave() error {
	if _, err := w.token(); err != nil {
		return err
	}
	w.levels = w.levels[:len(w.levels)-1]
	if n := len(w.keys); n > 0 {
		w.held -= len(w.keys[n-1])
		w.keys = w.keys[:n-1]
	}
	return w.ended()
}

// hold keeps the key of the level that is about to begin.
func (w *walker) hold(key string) error {
	if !w.keeps || len(w.levels) == 0 {
		return nil
	}
	if w.held += len(key); w.held > w.opts.MaxValue {
		return &SizeError{Format: "json", Max: int64(w.opts.MaxValue), Offset: w.in.start}
	}
	w.keys = append(w.keys, key)
	return nil
}

// descend goes over a value, or into it.
func (w *walker) descend(set uint64, key string) error {
	t, err := w.token()
	if err != nil {
		return err
	}
	d, ok := t.(json.Delim)
	if !ok {
		return w.ended()
	}
	if len(w.levels) >= w.opts.MaxDepth {
		return malformed("json", w.in.start, errDepth)
	}
	if err := w.hold(key); err != nil {
		return err
	}
	w.levels = append(w.levels, level{object: d == '{', set: set})
	return nil
}

// value reads the value that was found.
func (w *walker) value(v any, key string) error {
	if !w.found && len(w.levels) > 0 {
		if err := w.tell(); err != nil {
			return err
		}
	}
	w.found = true
	if w.keeps && len(w.levels) > 0 {
		w.at = append(slices.Clone(w.keys), key)
	}
	if err := w.decode(v); err != nil {
		return err
	}
	return w.ended()
}

// ended ends the document where that was its last token.
func (w *walker) ended() error {
	if len(w.levels) > 0 {
		return nil
	}
	err := w.tell()
	w.found = false
	return err
}

func (w *walker) collects() bool {
	return w.opts.Header != nil && !w.found || w.opts.Footer != nil && w.found
}

// collect keeps a member of the root for the header or the footer.
func (w *walker) collect(key string) error {
	start := w.dec.InputOffset()
	var raw json.RawMessage
	if err := w.decode(&raw); err != nil {
		return err
	}
	if w.size += len(key) + len(raw); w.size > w.opts.MaxValue {
		return &SizeError{Format: "json", Max: int64(w.opts.MaxValue), Offset: start}
	}
	if w.beside == nil {
		w.beside = map[string]json.RawMessage{}
	}
	w.beside[key] = raw
	return nil
}

// tell hands over what was collected.
func (w *walker) tell() error {
	members := w.beside
	w.beside, w.size = nil, 0
	if members == nil {
		return nil
	}
	tell := w.opts.Header
	if w.found {
		tell = w.opts.Footer
	}
	return notEOF(tell(members))
}
