package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/npm"
)

// npmObjects are the kinds of what weir npm works on, by their names. They have no
// verbs here: those of weir npm are theirs.
func npmObjects() (all []*kind) {
	for _, name := range slices.Sorted(maps.Keys(npmKinds)) {
		typ := npmKinds[name]
		all = append(all, &kind{
			name: typ.Tag, typ: typ, flat: true,
			open: func(r *replicate.Replica, name string) (object, error) {
				s, err := npm.Open(r, typ, name, npm.Config{})
				return &npmContent{Scuttlebutt: s, typ: typ, name: name}, err
			},
			admit: func(r row) error {
				if r.Key == nil && (typ.Tag == npm.ModelType.Tag || typ.Tag == npm.DocType.Tag) {
					return errors.New(`no "key"`)
				}
				return nil
			},
		})
	}
	return all
}

// An npmContent is an object of one of these kinds, as it is exported: what toJSON
// says of it in JavaScript.
type npmContent struct {
	*npm.Scuttlebutt
	typ   replicate.Type
	name  string
	parts map[string]*npm.Scuttlebutt // what was imported to, if it is a bucket's
}

// Len is how many keys, rows or events there are.
func (o *npmContent) Len() int {
	switch o.typ.Tag {
	case npm.ModelType.Tag:
		if m, err := npm.NewModel[json.RawMessage](o.Scuttlebutt); err == nil {
			return len(m.Keys())
		}
	case npm.DocType.Tag:
		if d, err := npm.NewDoc(o.Scuttlebutt); err == nil {
			return d.Len()
		}
	case npm.EventsType.Tag:
		if e, err := npm.NewEmitter(o.Scuttlebutt); err == nil {
			return e.Len()
		}
	}
	return lengthOf(o.rows)
}

// rows are the keys of a model and the rows of a doc, by name, events by
// timestamp, or the value.
func (o *npmContent) rows(yield func(row, error) bool) {
	all, err := o.content()
	if err != nil {
		yield(row{}, err)
		return
	}
	part := o.inBucket()
	for _, r := range all {
		r.Part = part
		if !yield(r, nil) {
			return
		}
	}
}

func (o *npmContent) content() ([]row, error) {
	switch o.typ.Tag {
	case npm.ModelType.Tag:
		m, err := npm.NewModel[json.RawMessage](o.Scuttlebutt)
		if err != nil {
			return nil, err
		}
		all, err := m.All()
		return keyedRows(all), err
	case npm.DocType.Tag:
		d, err := npm.NewDoc(o.Scuttlebutt)
		if err != nil {
			return nil, err
		}
		all := map[string]json.RawMessage{}
		for r := range d.All() {
			all[r.ID] = bare(r.Fields)
		}
		return keyedRows(all), nil
	case npm.EventsType.Tag:
		var all []json.RawMessage
		err := json.Unmarshal(o.JSON(), &all)
		rows := make([]row, len(all))
		for i, event := range all {
			rows[i].Value = event
		}
		return rows, err
	}
	v, err := npm.NewValue[json.RawMessage](o.Scuttlebutt)
	if err != nil {
		return nil, err
	}
	value, err := v.Get()
	if errors.Is(err, npm.ErrNotFound) {
		return nil, nil
	}
	return []row{{Value: value}}, err
}

func keyedRows(all map[string]json.RawMessage) (rows []row) {
	for _, key := range slices.Sorted(maps.Keys(all)) {
		rows = append(rows, row{Key: &key, Value: all[key]})
	}
	return rows
}

// inBucket says which part of a bucket the object is, or nil: its name is that of
// the bucket, a slash and this.
func (o *npmContent) inBucket() *string {
	_, part, ok := strings.Cut(o.name, "/")
	if !ok {
		return nil
	}
	name := replicate.ObjectName{Type: o.typ.Tag, Name: o.name}
	live := o.Replica().Live()
	i := slices.IndexFunc(live, func(u *replicate.Update) bool { return u.Object() == name })
	if i < 0 || !npm.InBucket(live[i]) {
		return nil
	}
	return &part
}

// put writes a row. That of a bucket's part is written in the bucket: programs in
// JavaScript have the whole of it, and its own clock.
func (o *npmContent) put(r row) (err error) {
	s, change := o.Scuttlebutt, []byte(r.Value)
	if r.Key != nil {
		change = bare([]any{*r.Key, r.Value})
	}
	if r.Part != nil {
		if s, err = o.part(*r.Part); err != nil {
			return err
		}
	}
	_, err = s.Write(change)
	return err
}

// part opens the object as a part of a bucket.
func (o *npmContent) part(part string) (*npm.Scuttlebutt, error) {
	if s := o.parts[part]; s != nil {
		return s, nil
	}
	name, ok := strings.CutSuffix(o.name, "/"+part)
	if !ok {
		return nil, fmt.Errorf(`%w: "part" %.40q of the "name" %.40q`, npm.ErrUnknownPart, part, o.name)
	}
	b, err := npm.OpenBucket(o.Replica(), name, map[string]replicate.Type{part: o.typ}, npm.Config{})
	if err != nil {
		return nil, err
	}
	if o.parts == nil {
		o.parts = map[string]*npm.Scuttlebutt{}
	}
	o.parts[part] = b.Part(part)
	return o.parts[part], nil
}
