package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
)

// Args are the arguments of a call, or its results. They may be scanned more
// than once, but not by several goroutines at once.
type Args struct{ in *incoming }

// Len is how many there are.
func (a Args) Len() int {
	if a.in == nil {
		return 0
	}
	return a.in.len()
}

// Scan stores the arguments, from the first, where dst points to, as
// json.Unmarshal does. A function goes into a Remote and a stream into a Source,
// Sink or Duplex, at any depth; inside an any, functions become Remotes. The last
// argument of a call of dnode's, if it is a function, is to be called with the
// answer, and is there only for who scans it as a Remote. What contains itself
// does so again inside an any, and where a pointer can point back. Arguments
// that are missing leave their destination alone, further ones are ignored.
//
// It fails with an error that matches ErrValue if one does not fit.
func (a Args) Scan(dst ...any) error {
	for i, d := range dst[:min(len(dst), a.Len())] {
		if err := a.scan(i, d); err != nil {
			return err
		}
	}
	return nil
}

// JSON returns argument i, counted from 0, as it came. Of functions, streams and
// what contains itself that is what the sender has put in their place: by habit
// "[Function]", "[Source]" and so on, and "[Circular]". An argument that is
// missing, or there by a link only, is null.
func (a Args) JSON(i int) json.RawMessage {
	if a.in == nil || i < 0 || i >= len(a.in.args) {
		return json.RawMessage("null")
	}
	return a.in.args[i]
}

// anys are the first n arguments, each as an any.
func (a Args) anys(n int) (Values, error) {
	all := make(Values, n)
	for i := range all {
		if err := a.scan(i, &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (a Args) scan(i int, dst any) error {
	if err := a.in.scan(i, dst); err != nil {
		return valueError("argument %d: %w", i, err)
	}
	return nil
}

// An incoming is what a message brought.
type incoming struct {
	args  []json.RawMessage
	fns   []placed
	links []link

	awaited bool  // the caller waits for a return
	replies bool  // the last argument may be there for the answer
	taken   bool  // it was scanned
	tree    []any // all of args, once one was scanned into an any
}

// read makes an incoming of a message. The error is one of the call, not of the
// connection.
func (p *Peer) read(m message) (*incoming, error) {
	fns, err := placedAt(m.Callbacks, false)
	if err != nil {
		return nil, err
	}
	streams, err := placedAt(m.Streams, true)
	if err != nil {
		return nil, err
	}
	in := &incoming{args: m.Arguments, fns: append(fns, streams...), links: m.Links}
	for i := range in.fns {
		in.fns[i].ref = p.newRef(in.fns[i].id)
		if in.fns[i].path.guarded() {
			return nil, valueError("a function at %q", in.fns[i].path)
		}
	}
	for _, l := range in.links {
		if l.From.guarded() || l.To.guarded() {
			return nil, valueError("a link from %q to %q", l.From, l.To)
		}
	}
	return in, nil
}

// len counts what links add, too.
func (in *incoming) len() int {
	n := len(in.args)
	for _, l := range in.links {
		if len(l.To) == 1 {
			if i, err := strconv.Atoi(l.To[0]); err == nil && i < maxArgs {
				n = max(n, i+1)
			}
		}
	}
	return n
}

// last returns the function that is the last argument, if nobody has taken it.
func (in *incoming) last() *ref {
	if in.taken || !in.replies {
		return nil
	}
	return in.function(strconv.Itoa(len(in.args) - 1))
}

// function returns the function that is an argument, or nil.
func (in *incoming) function(index string) *ref {
	for _, f := range in.fns {
		if !f.stream && len(f.path) == 1 && f.path[0] == index {
			return f.ref
		}
	}
	return nil
}

func (in *incoming) scan(i int, dst any) error {
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return errors.New("the destination is no pointer")
	}
	index := strconv.Itoa(i)
	any := v.Type().Elem().Kind() == reflect.Interface
	if in.function(index) != nil {
		_, ok := dst.(*Remote)
		last := in.replies && i == len(in.args)-1
		if !ok && (last || !any) {
			return nil // it is where an argument is missing, as the answer's
		}
		in.taken = in.taken || last
	}
	if any {
		return in.scanAny(i, v.Elem())
	}
	raw, links, err := in.withoutLinks(i, index)
	if err != nil || raw == nil {
		return err
	}
	if err := json.Unmarshal(raw, dst); err != nil {
		return err
	}
	for _, f := range in.fns {
		if len(f.path) == 0 || f.path[0] != index {
			continue
		}
		if err := reach(v.Elem(), f.path[1:], f.set); err != nil {
			return err
		}
	}
	for _, l := range links {
		if err := relink(v.Elem(), path(l.From[1:]), path(l.To[1:])); err != nil {
			return err
		}
	}
	return nil
}

// scanAny stores an argument as a tree, which may contain itself.
func (in *incoming) scanAny(i int, dst reflect.Value) error {
	if in.tree == nil {
		tree := make([]any, len(in.args))
		for i, raw := range in.args {
			if err := json.Unmarshal(raw, &tree[i]); err != nil {
				return err
			}
		}
		root := reflect.ValueOf(&tree).Elem()
		for _, f := range in.fns {
			if err := reach(root, f.path, f.set); err != nil {
				return err
			}
		}
		for _, l := range in.links {
			if err := relink(root, l.From, l.To); err != nil {
				return err
			}
		}
		in.tree = tree
	}
	if i >= len(in.tree) || in.tree[i] == nil {
		return nil
	}
	v := reflect.ValueOf(in.tree[i])
	if !v.Type().AssignableTo(dst.Type()) {
		return errors.New("the destination is an interface that is not any")
	}
	dst.Set(v)
	return nil
}

// withoutLinks returns an argument with null in place of links, and the links
// within it. One that is a link is a copy of what it leads to.
func (in *incoming) withoutLinks(i int, index string) (raw json.RawMessage, links []link, err error) {
	if i < len(in.args) {
		raw = in.args[i]
	}
	var holes []path
	for _, l := range in.links {
		if len(l.To) == 0 || l.To[0] != index {
			continue
		}
		if len(l.To) == 1 {
			raw, err = in.subtree(l.From)
			return raw, nil, err
		}
		if len(l.From) == 0 || l.From[0] != index {
			return nil, nil, errors.New("it holds another argument: only an any can")
		}
		holes = append(holes, l.To[1:])
		links = append(links, l)
	}
	if len(holes) == 0 {
		return raw, nil, nil
	}
	raw, err = punch(raw, holes)
	return raw, links, err
}

// subtree returns a copy of what is at a path of the arguments.
func (in *incoming) subtree(p path) (json.RawMessage, error) {
	if len(p) == 0 {
		return nil, errors.New("it is all arguments: only an any can hold it")
	}
	all, err := json.Marshal(in.args)
	if err != nil {
		return nil, err
	}
	for _, name := range p {
		var object map[string]json.RawMessage
		var array []json.RawMessage
		switch i, ierr := strconv.Atoi(name); {
		case json.Unmarshal(all, &object) == nil && object[name] != nil:
			all = object[name]
		case ierr == nil && json.Unmarshal(all, &array) == nil && i >= 0 && i < len(array):
			all = array[i]
		default:
			return nil, errors.New("a link from nowhere")
		}
	}
	return all, nil
}

// punch puts null at paths.
func punch(raw json.RawMessage, holes []path) (json.RawMessage, error) {
	var tree any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		return nil, err
	}
	root := reflect.ValueOf(&tree).Elem()
	for _, hole := range holes {
		err := reach(root, hole, func(v reflect.Value) error {
			v.SetZero()
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return json.Marshal(tree)
}
