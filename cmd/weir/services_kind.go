package main

import (
	"errors"
	"strings"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
	"github.com/weir-go/weir/replicate/registry"
)

// servicesKind is that of directories. Their services are listed, but are no
// content to be exported: they are there while who has registered them lives.
var servicesKind = &kind{
	name: "services", typ: registry.JSON, flat: true,
	open: func(r *replicate.Replica, name string) (object, error) {
		_, err := r.Open(replicate.ObjectName{Type: registry.JSON.Tag, Name: name})
		return directory{r, name}, err
	},
	admit: func(row) error { return errors.New("services are registered, by weir services register") },
	quiet: func(u *replicate.Update) bool {
		key, _ := model.JSON.Key(u.Op())     // its own type has no filter by keys, and the same ops
		return !strings.HasPrefix(key, "s:") // it is a lease, which is renewed all the time
	},
}

// A directory is the services of a replica that go by a name.
type directory struct {
	r    *replicate.Replica
	name string
}

// Len is how many services there are.
func (d directory) Len() int {
	g, err := registry.Open(d.r, d.name, registry.Config{})
	if err != nil {
		return 0
	}
	found, _ := g.Query("")
	_ = g.Close() // which has nothing to give up
	return len(found)
}

func (d directory) rows(func(row, error) bool) {}

func (d directory) put(row) error { return nil }
