package main

import (
	"context"
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/model"
)

// older FILE KEY VALUE makes a replica as a weir did that knew only maps.
func cmdOlder(ts *testscript.TestScript, _ bool, args []string) {
	cfg := journal.Config{Replica: replicate.Config{Types: []replicate.Type{model.JSON}}}
	ts.Check(journal.Create(ts.MkAbs(args[0]), journal.Meta{}, cfg))
	j, err := journal.Open(context.Background(), ts.MkAbs(args[0]), cfg)
	ts.Check(err)
	m, err := model.Open[string](j.Replica(), "")
	ts.Check(err)
	ts.Check(m.Set(args[1], args[2]))
	ts.Check(j.Close())
}

// foreign FILE writes a dump with an object of a type that weir does not have.
func cmdForeign(ts *testscript.TestScript, _ bool, args []string) {
	heap := model.TypeOf("heap/json")
	r := replicate.New(replicate.Config{Types: []replicate.Type{heap}})
	m, err := model.OpenWith(r, "", replicate.JSON[int](heap))
	ts.Check(err)
	ts.Check(m.Set("k", 1))
	dump, err := pull.Collect(context.Background(), r.Read(nil))
	ts.Check(err)
	var all []byte
	for _, chunk := range dump {
		all = append(all, chunk...)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), all, 0o600))
}
