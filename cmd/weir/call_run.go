package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/mux/rpc"
	"github.com/weir-go/weir/pull"
)

// What is wrong when time is up.
var (
	errLate          = errors.New("too late")
	errSilentProgram = errors.New("the other side says nothing")
)

// maxAnswer is how large a message may be, in bytes.
const maxAnswer = 64 << 20

// run connects, calls and prints.
func (k *calling) run(ctx context.Context) error {
	limited, cancel := k.limit(ctx)
	defer cancel()
	conn, err := connect(limited, k.at)
	if err != nil {
		return k.explained(err)
	}
	d, err := k.channel(limited, conn)
	if err != nil {
		return err
	}
	p := rpc.New(rpc.Lines(d, maxAnswer), nil, rpc.Config{MaxMessage: maxAnswer, ErrFirst: k.errorFirst})
	err = k.use(ctx, limited, p)
	k.leave(ctx, p)
	if k.watch {
		err = untilSignal(err)
	}
	return k.explained(err)
}

// limit is a context for as long as all may take.
func (k *calling) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if k.timeout == 0 {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, k.timeout, errLate)
}

// channel is what passes over a connection, which it owns: everything, or if a
// peer was named what is inside the encrypted channel.
func (k *calling) channel(ctx context.Context, conn net.Conn) (d duplex.Duplex[[]byte, []byte], err error) {
	if len(k.gate.pins) == 0 {
		return netconn.New(conn), nil
	}
	id, err := k.gate.identity()
	if err != nil {
		return d, errors.Join(err, conn.Close())
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSilentProgram)
	defer cancel()
	c, err := secure.Client(ctx, conn, secure.Config{Identity: id, Accept: k.gate.dialled(), Handshake: -1})
	switch {
	case err == nil:
		return c.Duplex(), nil
	case ctx.Err() != nil:
		return d, k.explained(pull.Cause(ctx))
	case errors.Is(err, secure.ErrNotWeir):
		return d, fail(exitProtocol, "without --peer nothing is encrypted: is it the right port?",
			"what answers there does not encrypt")
	case errors.Is(err, secure.ErrRefused):
		return d, fail(exitIdentity, "the program there is to accept peer "+id.ID().String(),
			"it does not accept this user")
	}
	return d, k.gate.explained(err, "R")
}

// leave ends the connection, in good order if that can be done soon.
func (k *calling) leave(ctx context.Context, p *rpc.Peer) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	_ = p.Close(ctx)
}

// use lists methods, or calls one. What may take long is done under ctx if there
// is no limit to it.
func (k *calling) use(ctx, limited context.Context, p *rpc.Peer) error {
	early, cancel := context.WithTimeoutCause(limited, patience, errSilentProgram)
	defer cancel()
	names, err := p.Names(early)
	answers, _ := p.Answers(early)
	switch {
	case errors.Is(err, rpc.ErrLost), errors.Is(err, rpc.ErrProtocol), errors.Is(err, rpc.ErrClosed):
		return fail(exitProtocol, "does it speak dnode? One that encrypts wants --peer ID",
			"%s does not introduce itself: %w", k.at, err)
	case err != nil:
		return err
	case k.method == "":
		return k.list(early, p, names)
	case !slices.Contains(names, k.method):
		return k.unknown(names)
	case k.times > 0:
		return k.repeat(limited, p, answers)
	case k.watch:
		return k.repeat(ctx, p, answers)
	case k.noReply && !answers:
		return k.send(limited, p)
	}
	var got rpc.Args
	err = p.Call(limited, k.method, &got, k.args...)
	at, isLimited := limited.Deadline()
	switch {
	case errors.Is(err, context.DeadlineExceeded) && isLimited && !time.Now().Before(at):
		return errLate // and the other side was the first to say so
	case err != nil || k.noReply:
		return err
	}
	return k.print(got)
}

// send calls a method of dnode's that has no answer.
func (k *calling) send(ctx context.Context, p *rpc.Peer) error {
	if err := p.Send(ctx, k.method, k.args...); err != nil {
		return err
	}
	err := p.Close(ctx)
	if errors.Is(err, errLate) {
		return fail(exitFailed, "it was sent, and may have come", "%s does not end the connection", k.at)
	}
	return err
}

// list prints what the other side offers.
func (k *calling) list(ctx context.Context, p *rpc.Peer, names []string) error {
	if k.e.out.JSON {
		var all json.RawMessage
		if err := p.Offered(ctx, &all); err != nil {
			return err
		}
		return k.e.print(k.e.out.line(all))
	}
	if len(names) == 0 {
		k.e.say("%s offers no methods", escape(k.at.String()))
	}
	var text []byte
	for _, name := range names {
		text = append(text, escape(name)+"\n"...)
	}
	return k.e.print(text)
}

// print prints an answer.
func (k *calling) print(got rpc.Args) error {
	values := make([]json.RawMessage, got.Len())
	for i := range values {
		values[i] = got.JSON(i)
	}
	if k.e.out.JSON {
		return k.e.print(k.e.out.line(values))
	}
	var text []byte
	for _, v := range values {
		text = append(text, k.e.out.line(v)...)
	}
	return k.e.print(text)
}

// repeat calls with a function of ours as the last argument, until that was
// called often enough.
func (k *calling) repeat(ctx context.Context, p *rpc.Peer, answers bool) error {
	got := &gathering{k: k, done: make(chan struct{})}
	args := append(slices.Clone(k.args), rpc.Handler(got.take))
	if !answers {
		if err := p.Send(ctx, k.method, args...); err != nil {
			return err
		}
		return got.wait(ctx, p)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	called := make(chan struct{})
	go func() {
		defer close(called)
		var last rpc.Args
		switch err := p.Call(ctx, k.method, &last, args...); {
		case err != nil:
			cancel(err)
		case last.Len() != 1 || string(last.JSON(0)) != "null":
			got.add(last)
		}
	}()
	err := got.wait(ctx, p)
	cancel(nil)
	<-called
	return err
}

// A gathering prints what a function of ours is called with.
type gathering struct {
	k    *calling
	mu   sync.Mutex
	n    int
	err  error         // of printing
	done chan struct{} // closed when there is no more to print
}

// take is that function. It prints what has come even if the other side has gone.
func (g *gathering) take(_ context.Context, args rpc.Args) (any, error) {
	// A function that came last is a value, and not to be called with an answer.
	if n := args.Len(); n > 0 {
		into := make(rpc.Values, n)
		for i := range into {
			into[i] = new(any)
		}
		into[n-1] = new(rpc.Remote)
		_ = args.Scan(into...) // it may be none
	}
	g.add(args)
	return nil, nil
}

func (g *gathering) add(args rpc.Args) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.ended() {
		return
	}
	g.n++
	if g.err = g.k.print(args); g.err != nil || g.n == g.k.times {
		close(g.done)
	}
}

func (g *gathering) ended() bool {
	select {
	case <-g.done:
		return true
	default:
		return false
	}
}

// wait waits until all has come.
func (g *gathering) wait(ctx context.Context, p *rpc.Peer) error {
	var why error
	select {
	case <-g.done:
	case <-p.Done():
		why = cmp.Or(p.Err(), rpc.ErrClosed)
	case <-ctx.Done():
		why = pull.Cause(ctx)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.ended():
		return g.err
	case g.n > 0 && !errors.As(why, new(signalError)) && !errors.As(why, new(*rpc.RemoteError)):
		f := explain(g.k.explained(why))
		return fail(exitPartial, f.Hint, "after %s: %w", plural(int64(g.n), "answer"), f)
	}
	return why
}

// explained says what an error means here.
func (k *calling) explained(err error) error {
	switch {
	case err == nil, errors.As(err, new(*failure)):
		return err
	case errors.Is(err, errSilentProgram):
		return fail(exitProtocol, "something is there, but it does not speak: is it dnode?",
			"%s has said nothing for %v", k.at, patience)
	case errors.Is(err, rpc.ErrClosed):
		return fail(exitFailed, "its program says why, if anything does", "%s has ended the connection", k.at)
	case errors.Is(err, errLate):
		return fail(exitFailed, "--timeout waits longer; a method that answers nobody is called with --no-reply",
			"no answer within %v", k.timeout)
	}
	f := explain(err)
	if f.Hint == notThere {
		f.Hint = "is the program with the methods running there, and is the address right?"
	}
	return f
}

// unknown says which methods there are, those with a similar name first.
func (k *calling) unknown(names []string) error {
	const most = 20
	hint := "it offers no methods"
	if len(names) > 0 {
		slices.SortStableFunc(names, func(a, b string) int {
			return cmp.Compare(unlike(a, k.method), unlike(b, k.method))
		})
		hint = "there are: " + escape(strings.Join(names[:min(len(names), most)], ", "))
	}
	if len(names) > most {
		hint += ", …; 'weir call " + escape(k.at.String()) + "' lists all"
	}
	return fail(exitNotFound, hint, "no method %.80q there", k.method)
}

// unlike is how little a name is like the one that was typed: 0 is part of one
// another, then comes how many letters differ, as far as that says anything.
func unlike(name, typed string) int {
	name, typed = strings.ToLower(name), strings.ToLower(typed)
	if strings.Contains(name, typed) || strings.Contains(typed, name) {
		return 0
	}
	row := make([]int, len(typed)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(name) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(typed) {
			change := diagonal
			if name[i] != typed[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, diagonal+1, row[j]+1)
		}
	}
	return min(row[len(typed)], 3)
}
