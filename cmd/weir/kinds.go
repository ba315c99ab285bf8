package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate"
)

// kinds are all types of object, in the order in which they are listed and
// exported. A replica's file may hold objects of each, and of no other type.
var kinds = complete(append(append([]*kind{
	mapKind, valueKind, versionsKind, countKind, membersKind, growKind, listKind, docKind,
	logKind, eventsKind,
}, npmObjects()...), servicesKind)...)

// complete gives each kind its shared verbs.
func complete(all ...*kind) []*kind {
	for _, k := range all {
		k.verbs = append(k.verbs, sharedVerbs(k)...)
	}
	return all
}

// kindNamed finds the kind that a line of an import names; "" is the map.
func kindNamed(name string) *kind {
	if name == "" {
		return mapKind
	}
	return kindWhere(func(k *kind) bool { return k.name == name })
}

// kindOf finds the kind of a type, by its tag; nil if it is not one of kinds. Replicas
// are opened with the types of kinds alone, so that no object in them has another.
func kindOf(tag string) *kind {
	return kindWhere(func(k *kind) bool { return k.typ.Tag == tag })
}

// nameOf is the name of a type's kind.
func nameOf(tag string) string {
	if k := kindOf(tag); k != nil {
		return k.name
	}
	return tag
}

// shown is an object's name in the file, with that of the command for its type.
func shown(n replicate.ObjectName) string {
	k := kindOf(n.Type)
	if k == nil {
		return n.String()
	}
	return k.name + " (" + n.String() + ")"
}

func kindWhere(is func(*kind) bool) *kind {
	if i := slices.IndexFunc(kinds, is); i >= 0 {
		return kinds[i]
	}
	return nil
}

// groupCommands adds the commands of the kinds, and has the help show them
// apart from the others.
func groupCommands(e *env, root *cobra.Command) {
	const others, ours = "replica", "objects"
	root.AddGroup(&cobra.Group{ID: others, Title: "Replicas, and the map in them:"},
		&cobra.Group{ID: ours, Title: "Objects of all types:"})
	for _, c := range root.Commands() {
		c.GroupID = others
	}
	root.AddCommand(objectsCommand(e))
	for _, k := range kinds {
		root.AddCommand(k.commands(e)...)
	}
	for _, c := range root.Commands() {
		if c.GroupID == "" {
			c.GroupID = ours
		}
	}
}
