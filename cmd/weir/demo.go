package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
)

func demoCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "demo [DIR]",
		Short: "Show replicas converge whatever happens, over the files of DIR",
		Long: `Builds replica A from the files of DIR (path, size and SHA-256 of each) and
replica B with edits of its own; syncs both over TCP while both are edited;
kills B's process in the middle with SIGKILL and starts it again; dumps A to a
file and loads that into C; and shows that the three hold the same. The exit
status is 1 if they do not.

DIR is the Go toolchain's own source by default, or files made for it where
there is none. Everything happens in a temporary folder, which is removed.`,
		Example: "  weir demo\n  weir demo ~/src",
		Args:    args(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			dir := ""
			if len(args) > 0 {
				dir = args[0]
				if _, err := os.ReadDir(dir); err != nil {
					return fail(exitUsage, "give a folder that can be read, or nothing", "%w", err)
				}
			}
			return e.demo(c.Context(), dir)
		},
	}
}

// A demo is one run of the command: real processes of this program, as a
// person would start them.
type demo struct {
	e      *env
	exe    string // this program
	dir    string // the temporary folder
	source string // the files that A is made of
	rows   []demoRow
}

// A demoRow is one line of the table. What does not apply is negative.
type demoRow struct {
	Step    string  `json:"step"`
	Updates int64   `json:"updates"`
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
	Note    string  `json:"measured"`
}

func (e *env) demo(ctx context.Context, source string) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "weir-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	d := &demo{e: e, exe: exe, dir: dir, source: source}
	if d.source == "" {
		if d.source, err = d.defaultSource(ctx); err != nil {
			return err
		}
	}
	start := time.Now()
	for _, step := range []func(context.Context) error{
		d.build, d.overTCP, d.throughFile,
	} {
		if err := step(ctx); err != nil {
			return ended(ctx, err)
		}
	}
	same, err := d.compare(ctx)
	if err != nil {
		return ended(ctx, err)
	}
	d.print(time.Since(start))
	if !same {
		return fail(exitNotFound, "this is a bug in weir: please report it", "the three exports differ")
	}
	e.say("the three exports are equal")
	return nil
}

// build makes A of the files, and B with edits of some of the same keys.
func (d *demo) build(ctx context.Context) error {
	d.e.say("building A from the files of %s", d.source)
	for _, name := range []string{"A", "B", "C"} {
		if _, err := d.weir(ctx, nil, "init", name); err != nil {
			return err
		}
	}
	start := time.Now()
	n, err := d.importInto(ctx, "A", hashed(os.DirFS(d.source)))
	if err != nil {
		return err
	}
	d.add("A: import the files", n, d.size("A"), start, "updates made durable; size of A's file")

	d.e.say("editing B: one key in ten, and keys of its own")
	keys, err := d.keys(ctx, "A")
	if err != nil {
		return err
	}
	start = time.Now()
	if n, err = d.importInto(ctx, "B", edits("B", everyTenth(keys), 1000)); err != nil {
		return err
	}
	d.add("B: import edits", n, d.size("B"), start, "updates made durable; size of B's file")
	return nil
}

// overTCP syncs A and B, edited meanwhile, and kills B's process on the way.
func (d *demo) overTCP(ctx context.Context) error {
	a, err := d.peer(ctx, "A", "--listen", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer a.kill()
	d.e.say("syncing B with A over TCP, while A is edited")
	editing := d.edit(ctx, "A", 2000)
	if err := d.sync(ctx, "B syncs with A, being edited", a.address); err != nil {
		return err
	}
	if _, err := editing(); err != nil {
		return err
	}
	if err := d.crash(ctx, a.address); err != nil {
		return err
	}
	if err := d.sync(ctx, "B, restarted, syncs again", a.address); err != nil {
		return err
	}
	if err := d.sync(ctx, "B syncs once more", a.address); err != nil {
		return err
	}
	return a.stop()
}

// crash keeps A and B in sync while both are edited, kills B's process with
// SIGKILL, and checks that B has what it had acknowledged.
func (d *demo) crash(ctx context.Context, address string) error {
	b, err := d.peer(ctx, "B", "--join", address)
	if err != nil {
		return err
	}
	defer b.kill()
	d.e.say("keeping A and B in sync while both are edited; killing B's process with SIGKILL")
	start := time.Now()
	editing := d.edit(ctx, "A", 5000)
	acknowledged, err := d.editUntilKilled(ctx, b, 20000)
	if err != nil {
		return err
	}
	if _, err := editing(); err != nil {
		return err
	}
	keys, err := d.keys(ctx, "B")
	if err != nil {
		return err
	}
	kept := count(keys, "B/killed/")
	if kept < acknowledged {
		return fail(exitNotFound, "this is a bug in weir: please report it",
			"B acknowledged %d writes before it was killed, and has %d of them", acknowledged, kept)
	}
	d.add("B is killed in mid-sync", acknowledged, d.size("B"), start,
		fmt.Sprintf("writes acknowledged before; %d are there after", kept))
	return nil
}

// throughFile dumps A to a file and loads that into C.
func (d *demo) throughFile(ctx context.Context) error {
	d.e.say("dumping A to a file, and loading that into C")
	start := time.Now()
	dump, err := d.weir(ctx, nil, "dump", "A")
	if err != nil {
		return err
	}
	path := filepath.Join(d.dir, "A.dump")
	if err := os.WriteFile(path, dump, 0o600); err != nil {
		return err
	}
	d.add("dump A to a file", -1, int64(len(dump)), start, "size of the dump")
	start = time.Now()
	if dump, err = os.ReadFile(path); err != nil {
		return err
	}
	if _, err = d.weir(ctx, bytes.NewReader(dump), "load", "C"); err != nil {
		return err
	}
	d.add("load it into C", -1, d.size("C"), start, "size of C's file")
	return nil
}

// compare exports all three.
func (d *demo) compare(ctx context.Context) (same bool, err error) {
	var first []byte
	same = true
	for _, name := range []string{"A", "B", "C"} {
		start := time.Now()
		export, err := d.weir(ctx, nil, "export", name)
		if err != nil {
			return false, err
		}
		if name == "A" {
			first = export
		}
		same = same && bytes.Equal(first, export)
		d.add("export "+name, int64(bytes.Count(export, []byte{'\n'})), int64(len(export)), start,
			fmt.Sprintf("keys; SHA-256 %x…", sha256.Sum256(export))[:24]+"…")
	}
	return same && len(first) > 0, nil
}

func (d *demo) add(step string, updates, bytes int64, start time.Time, note string) {
	d.rows = append(d.rows, demoRow{step, updates, bytes, time.Since(start).Seconds(), note})
}

func (d *demo) print(total time.Duration) {
	if d.e.out.JSON {
		for _, row := range d.rows {
			_ = d.e.print(line(row))
		}
		return
	}
	const row = "%-28s %8s %9s %7s  %s\n"
	fmt.Fprintf(d.e.stdout, row, "", "updates", "bytes", "seconds", "measured")
	for _, r := range d.rows {
		fmt.Fprintf(d.e.stdout, row, r.Step, orDash(r.Updates), orDash(r.Bytes), inSeconds(r.Seconds), r.Note)
	}
	fmt.Fprintf(d.e.stdout, row, "all", "", "", inSeconds(total.Seconds()), "")
}

func inSeconds(s float64) string { return fmt.Sprintf("%.2f", s) }

func orDash(n int64) string {
	if n < 0 {
		return "–"
	}
	return fmt.Sprint(n)
}
