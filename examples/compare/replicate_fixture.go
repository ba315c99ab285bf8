package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

// A replica has a map of texts.
type replica struct {
	*replicate.Replica
	m *model.Model[string]
}

func newReplica() (replica, error) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{model.JSON}})
	m, err := model.Open[string](r, "")
	return replica{r, m}, err
}

func keyOf(i int) string   { return fmt.Sprintf("key%06d", i) }
func valueOf(i int) string { return fmt.Sprintf("value of %d", i) }

// filled returns a replica that has written so many keys.
func filled(keys int) (replica, error) {
	r, err := newReplica()
	for i := 0; i < keys && err == nil; i++ {
		err = r.m.Set(keyOf(i), valueOf(i))
	}
	return r, err
}

// A fixture is a replica with so many keys, and the same in other forms, each
// made when something asks for it first.
type fixture struct {
	keys   int
	full   func() (replica, error)
	bare   func() ([]byte, error)   // as the floor's updates
	dumped func() ([][]byte, error) // as the chunks of a dump
}

func newFixture(keys int) *fixture {
	f := &fixture{keys: keys}
	f.full = sync.OnceValues(func() (replica, error) { return filled(keys) })
	f.bare = sync.OnceValues(func() ([]byte, error) {
		full, err := f.full()
		if err != nil {
			return nil, err
		}
		return bareOf(full, keys)
	})
	f.dumped = sync.OnceValues(func() ([][]byte, error) {
		full, err := f.full()
		if err != nil {
			return nil, err
		}
		return pull.Collect(context.Background(), full.Read(nil))
	})
	return f
}

// bareOf returns the n updates of r for the floor.
func bareOf(r replica, n int) (bare []byte, err error) {
	changes := r.Changes(0)
	var last replicate.Time
	for n > 0 {
		batch, err := changes(context.Background())
		if err != nil {
			return nil, err
		}
		for _, u := range batch {
			bare = appendBare(bare, 0, last, u)
			last = u.Stamp().Time
		}
		n -= len(batch)
	}
	return bare, pull.Abort(changes, pull.ErrStopped)
}

func (f *fixture) floor(context.Context) (int, error) {
	bare, err := f.bare()
	if err != nil {
		return 0, err
	}
	cells, err := applyBare(bare)
	return len(cells), err
}

// dump makes a dump, and looks only at how long it is.
func (f *fixture) dump(ctx context.Context) (int, error) {
	full, err := f.full()
	chunks, err2 := f.dumped()
	if err := errors.Join(err, err2); err != nil {
		return 0, err
	}
	size := func(n int, chunk []byte) int { return n + len(chunk) }
	got, err := pull.Reduce(ctx, full.Read(nil), 0, size)
	want := 0
	for _, chunk := range chunks {
		want = size(want, chunk)
	}
	if err == nil && got != want {
		err = fmt.Errorf("a dump of %d bytes, then one of %d", want, got)
	}
	return f.keys, err
}

func (f *fixture) load(ctx context.Context) (int, error) {
	chunks, err := f.dumped()
	if err != nil {
		return 0, err
	}
	r, err := newReplica()
	if err != nil {
		return 0, err
	}
	err = r.Write(ctx, pull.Values(chunks...))
	return r.m.Len(), err
}
