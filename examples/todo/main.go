// Todo keeps two lists equal in several terminals; what is typed in one is in all:
// go run ./examples/todo --listen 127.0.0.1:8000   (and --join 127.0.0.1:8000 in the others)
//
// Type add TEXT, done N, undo N, move N TO, edit N TEXT, rm N or ls, where N
// counts from 1 in the list of what is to be done. Who does both, listen and
// join, passes on what it hears. It is not encrypted; examples/peer is. Ctrl-C
// ends it.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/doc"
)

func main() {
	listen := flag.String("listen", "", "accept peers at this `address`")
	join := flag.String("join", "", "keep connected to the peer at this `address`")
	flag.Parse()
	if *listen == "" && *join == "" || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "todo: give --listen ADDRESS or --join ADDRESS, or both")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the process at once
	if err := run(ctx, *listen, *join, os.Stdin, os.Stdout, os.Stderr); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "todo:", err)
		os.Exit(1)
	}
}

// run shows and syncs the lists until ctx is done.
func run(ctx context.Context, listen, join string, in io.Reader, out, log io.Writer) error {
	p := newPeer(out, log)
	var l *netconn.Listener
	if listen != "" {
		var err error
		if l, err = netconn.Listen(ctx, "tcp", listen); err != nil {
			return err
		}
		p.say("listening at " + l.Addr().String())
	}
	go p.typed(in) // standard input cannot be interrupted, so nobody waits for this
	var all sync.WaitGroup
	defer all.Wait()
	for _, q := range []list{p.todo, p.done} {
		all.Go(func() { p.show(ctx, q) })
	}
	if join != "" {
		all.Go(func() { p.keep(ctx, join) })
	}
	for l != nil {
		conn, err := l.Accept(ctx)
		if err != nil {
			return err
		}
		all.Go(func() { p.report(p.sync(ctx, netconn.New(conn))) })
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

// list is a sequence and what it is called.
type list struct {
	*doc.Sequence[string]
	name string
}

type peer struct {
	r    *replicate.Replica
	d    *doc.Doc[string]
	todo list
	done list

	mu  sync.Mutex
	out io.Writer // the lists
	log io.Writer // what happens
}

func newPeer(out, log io.Writer) *peer {
	r := replicate.New(replicate.Config{Types: []replicate.Type{doc.JSON}})
	d, _ := doc.Open[string](r, "") // cannot fail: the type is listed above
	p := &peer{r: r, d: d, out: out, log: log}
	for q, name := range map[*list]string{&p.todo: "todo", &p.done: "done"} {
		sequence, _ := d.Sequence("list", name) // cannot fail: it is a string
		*q = list{sequence, name}
	}
	return p
}

// typed does what is typed.
func (p *peer) typed(in io.Reader) {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		if line := strings.TrimSpace(lines.Text()); line != "" {
			if err := p.do(line); err != nil {
				p.say(err.Error())
			}
		}
	}
}

func (p *peer) do(line string) error {
	command, rest, _ := strings.Cut(line, " ")
	switch command {
	case "add":
		_, err := p.todo.Push(map[string]string{"text": rest})
		return err
	case "ls":
		return errors.Join(p.list(p.todo), p.list(p.done))
	}
	from := p.todo
	if command == "undo" {
		from = p.done
	}
	number, rest, _ := strings.Cut(rest, " ")
	row, err := at(from, number)
	if err != nil {
		return err
	}
	switch command {
	case "done":
		return p.done.PushRow(row.ID)
	case "undo":
		return p.todo.PushRow(row.ID)
	case "move":
		return p.move(row.ID, rest)
	case "edit":
		return p.d.Set(row.ID, map[string]string{"text": rest})
	case "rm":
		_, err := p.d.Remove(row.ID)
		return err
	}
	return errors.New("type add TEXT, done N, undo N, move N TO, edit N TEXT, rm N or ls")
}

// at returns the row of a number, from 1.
func at(q list, number string) (doc.Row[string], error) {
	n, err := strconv.Atoi(number)
	if err == nil {
		var row doc.Row[string]
		if row, err = q.At(n - 1); err == nil {
			return row, nil
		}
	}
	return doc.Row[string]{}, fmt.Errorf("there is no number %q in %s", number, q.name)
}

// move puts a row where the one is that has a number.
func (p *peer) move(id, number string) error {
	to, err := at(p.todo, number)
	if err != nil {
		return err
	}
	i, err := p.todo.Index(id)
	if err != nil {
		return err
	}
	if j, err := p.todo.Index(to.ID); err != nil || j > i {
		return errors.Join(err, p.todo.MoveAfter(id, to.ID))
	}
	return p.todo.MoveBefore(id, to.ID)
}

// show prints a list whenever it changes, by whomever, until ctx is done.
func (p *peer) show(ctx context.Context, q list) {
	var rows []doc.Row[string]
	for batch, err := range q.Changes().All(ctx) {
		if err != nil {
			if ctx.Err() == nil {
				p.say(err.Error())
			}
			return
		}
		rows = batch.Apply(rows)
		p.print(q.name, rows)
	}
}

// list prints a list as it is.
func (p *peer) list(q list) error {
	var rows []doc.Row[string]
	for row, err := range q.All() {
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	p.print(q.name, rows)
	return nil
}

func (p *peer) print(name string, rows []doc.Row[string]) {
	var b strings.Builder
	b.WriteString(name + ":")
	for i, row := range rows {
		fmt.Fprintf(&b, " %d. %s", i+1, row.Fields["text"])
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(p.out, b.String())
}

// keep stays connected: when the peer goes, it tries again each second.
func (p *peer) keep(ctx context.Context, address string) {
	said := ""
	for ctx.Err() == nil {
		d, err := netconn.Dial(ctx, "tcp", address)
		if err == nil {
			said = ""
			err = p.sync(ctx, d)
		}
		if line := fmt.Sprint(err); line != said && ctx.Err() == nil {
			p.report(err)
			said = line
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// sync keeps the lists equal to the peer's until one of the two has gone.
func (p *peer) sync(ctx context.Context, d duplex.Duplex[[]byte, []byte]) error {
	p.say("connected")
	return replicate.NewSession(p.r, replicate.SyncConfig{}).Run(ctx, d)
}

// report says why there is no connection.
func (p *peer) report(err error) {
	if err == nil {
		err = errors.New("the peer has ended")
	}
	p.say("not connected: " + err.Error())
}

func (p *peer) say(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(p.log, line)
}
