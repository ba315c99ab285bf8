package journal_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/weir-go/weir/pull/files"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/model"
)

// must ends an example that failed.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// inFolder runs an example in a folder of its own.
func inFolder(f func(dir string)) {
	dir, err := os.MkdirTemp("", "weir")
	must(err)
	defer func() { must(os.RemoveAll(dir)) }()
	f(dir)
}

func ExampleOpen() {
	inFolder(func(dir string) {
		ctx, path := context.Background(), filepath.Join(dir, "notes.weir")
		cfg := journal.Config{Replica: replicate.Config{Types: []replicate.Type{model.JSON}}}
		must(journal.Create(path, journal.Meta{Label: "laptop"}, cfg))

		j, err := journal.Open(ctx, path, cfg)
		must(err)
		notes, err := model.Open[string](j.Replica(), "")
		must(err)
		must(notes.Set("hello", "world"))
		must(j.Replica().Flush(ctx)) // it is on disk now
		must(j.Close())

		j, err = journal.Open(ctx, path, cfg)
		must(err)
		notes, err = model.Open[string](j.Replica(), "")
		must(err)
		fmt.Println(notes.Get("hello"))
		fmt.Println(j.Meta().Label, j.Recovery().Clean)
		must(j.Close())
	})
	// Output:
	// world <nil>
	// laptop true
}

func ExampleCreate() {
	inFolder(func(dir string) {
		path := filepath.Join(dir, "r.weir")
		fmt.Println(journal.Create(path, journal.Meta{}, journal.Config{}))
		err := journal.Create(path, journal.Meta{}, journal.Config{})
		fmt.Println(os.IsExist(err))
	})
	// Output:
	// <nil>
	// true
}

func ExampleCheck() {
	inFolder(func(dir string) {
		path := filepath.Join(dir, "r.weir")
		must(journal.Create(path, journal.Meta{Set: "notes"}, journal.Config{}))
		rec, err := journal.Check(context.Background(), path, journal.Config{})
		fmt.Println(rec.Meta.Set, rec.Updates, rec.TornBytes, err)
	})
	// Output: notes 0 0 <nil>
}

func ExampleFork() {
	inFolder(func(dir string) {
		path, mine := filepath.Join(dir, "r.weir"), filepath.Join(dir, "mine.weir")
		must(journal.Create(path, journal.Meta{Label: "shared"}, journal.Config{}))
		must(journal.Fork(context.Background(), path, mine, journal.Config{}))
		a, err := journal.Check(context.Background(), path, journal.Config{})
		must(err)
		b, err := journal.Check(context.Background(), mine, journal.Config{})
		must(err)
		fmt.Println(b.Meta.Label, a.ID == b.ID)
	})
	// Output: shared false
}

func ExampleJournal_Compact() {
	inFolder(func(dir string) {
		ctx, path := context.Background(), filepath.Join(dir, "r.weir")
		cfg := journal.Config{Replica: replicate.Config{Types: []replicate.Type{model.JSON}}}
		must(journal.Create(path, journal.Meta{}, cfg))
		j, err := journal.Open(ctx, path, cfg)
		must(err)
		m, err := model.Open[int](j.Replica(), "")
		must(err)
		for i := range 100 {
			must(m.Set("n", i))
			must(j.Replica().Flush(ctx))
		}
		c, err := j.Compact(ctx, nil)
		fmt.Println(c.Updates, c.After < c.Before/5, err)
		must(j.Close())
	})
	// Output: 1 true <nil>
}

func ExampleJournal_Snapshot() {
	inFolder(func(dir string) {
		ctx, path := context.Background(), filepath.Join(dir, "r.weir")
		cfg := journal.Config{Replica: replicate.Config{Types: []replicate.Type{model.JSON}}}
		must(journal.Create(path, journal.Meta{}, cfg))
		j, err := journal.Open(ctx, path, cfg)
		must(err)
		m, err := model.Open[int](j.Replica(), "")
		must(err)
		must(m.Set("a", 1))
		must(j.Replica().Flush(ctx))
		must(j.Snapshot(ctx, filepath.Join(dir, "r.dump")))
		must(j.Close())

		other := replicate.New(cfg.Replica)
		stats, err := other.Load(ctx, files.Read(nil, filepath.Join(dir, "r.dump")))
		fmt.Println(stats.AppliedUpdates, err)
	})
	// Output: 1 <nil>
}
