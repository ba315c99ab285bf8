package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weir-go/weir/pull"
)

// Call calls a method of the other side, waits for the answer and stores it
// where result points to, as Args.Scan does. A nil result is not wanted; Values
// of pointers take several, and Args all there are. A method within objects is
// named by its path, with dots: "nested.deep.fn".
//
// It fails with a RemoteError when the handler does, or the other side cannot
// call it; with the cause of ctx, of which a handler at a Peer is told, as of
// its deadline; with ErrNoMethod, ErrTooMany, ErrTooLarge, or an error that
// matches ErrValue for what cannot be sent or stored; with ErrClosed or the
// Peer's cause. With dnode, a method that does not call its last argument is
// waited for until ctx is done.
//
// The first call waits until the other side has said what it offers.
func (p *Peer) Call(ctx context.Context, method string, result any, args ...any) error {
	id, err := p.lookup(ctx, method)
	if err != nil {
		return err
	}
	return p.call(ctx, id, result, args)
}

// Send calls a method of the other side without waiting for anything but room
// to send: nobody learns what became of it. It fails as Call does before that.
func (p *Peer) Send(ctx context.Context, method string, args ...any) error {
	id, err := p.lookup(ctx, method)
	if err != nil {
		return err
	}
	return p.send(ctx, id, args)
}

// Offered stores what the other side offers where dst points to, as Args.Scan
// does: a struct with Remote fields, say, or an any. It waits until that has
// come, and fails with the cause of ctx or the Peer's.
func (p *Peer) Offered(ctx context.Context, dst any) error {
	if err := p.wait(ctx); err != nil {
		return err
	}
	p.mu.Lock()
	about := *p.about // scanning remembers things
	p.mu.Unlock()
	about.tree = nil
	return Args{&about}.Scan(dst)
}

// Names returns what Call and Send take for a method, sorted. It waits until that
// has come, and fails with the cause of ctx or the Peer's.
func (p *Peer) Names(ctx context.Context) ([]string, error) {
	if err := p.wait(ctx); err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.remote)), nil
}

// Answers reports whether the other side answers every call, with what came of
// it: a Peer does. One that speaks dnode only does not, see Call. It waits until
// that is known, and fails with the cause of ctx or the Peer's.
func (p *Peer) Answers(ctx context.Context) (bool, error) {
	err := p.wait(ctx)
	return err == nil && p.isNative(), err
}

// wait waits until the other side has introduced itself.
func (p *Peer) wait(ctx context.Context) error {
	select {
	case <-p.known:
		return nil
	default:
	}
	resume := p.pause(ctx)
	defer resume()
	select {
	case <-p.known:
		return nil
	case <-ctx.Done():
		return pull.Cause(ctx)
	case <-p.dead:
		return p.cause()
	}
}

// lookup finds the number of a method.
func (p *Peer) lookup(ctx context.Context, method string) (uint64, error) {
	if err := p.wait(ctx); err != nil {
		return 0, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.shut(ctx); err != nil {
		return 0, err
	}
	id, ok := p.remote[method]
	if !ok {
		return 0, fmt.Errorf("%w: %q", ErrNoMethod, method)
	}
	return id, nil
}

// begin counts a call, unless no more may be made.
func (p *Peer) begin(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return pull.Cause(ctx)
	case p.waiting >= p.cfg.MaxFunctions:
		return ErrTooMany
	}
	if err := p.shut(ctx); err != nil {
		return err
	}
	p.enter()
	p.waiting++
	return nil
}

// shut says why no more calls may be made. Callers hold mu.
func (p *Peer) shut(ctx context.Context) error {
	if p.ended || p.closing && Caller(ctx) != p {
		return p.why()
	}
	return nil
}

func (p *Peer) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting--
	p.leave()
}

func (p *Peer) send(ctx context.Context, id uint64, args []any) error {
	if err := p.begin(ctx); err != nil {
		return err
	}
	defer p.end()
	line, err := p.encode(fmt.Sprintf(`{"method":%d,`, id), args)
	if err != nil {
		return err
	}
	return p.say(ctx, line)
}

func (p *Peer) call(ctx context.Context, id uint64, result any, args []any) error {
	if err := p.begin(ctx); err != nil {
		return err
	}
	defer p.end()
	reply := make(chan *answer, 1)
	if !p.isNative() {
		r := &replyTo{answer: reply}
		line, err := p.encode(fmt.Sprintf(`{"method":%d,`, id), append(args[:len(args):len(args)], r))
		if err != nil {
			return err
		}
		defer func() { p.forget(r.id) }()
		return p.await(ctx, line, reply, result, nil)
	}
	n := p.expect(reply)
	defer p.unexpect(n)
	line, err := p.encode(fmt.Sprintf(`{"call":%d,"method":%d,%s`, n, id, timeout(ctx)), args)
	if err != nil {
		return err
	}
	return p.await(ctx, line, reply, result, fmt.Appendf(nil, `{"cancel":%d}`, n))
}

// timeout is the field that says how long there is.
func timeout(ctx context.Context) string {
	at, ok := ctx.Deadline()
	ms := time.Until(at).Milliseconds() + 1
	if !ok || ms > math.MaxInt32 {
		return ""
	}
	return fmt.Sprintf(`"timeout":%d,`, max(1, ms))
}

func (p *Peer) expect(reply chan *answer) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.nextCall
	p.nextCall++
	p.pending[n] = reply
	return n
}

func (p *Peer) unexpect(n uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pending, n)
}

// await sends a call and waits for its answer. giveUp, if not nil, says that it
// is not wanted any more.
func (p *Peer) await(ctx context.Context, line []byte, reply chan *answer, result any, giveUp []byte) error {
	if err := p.say(ctx, line); err != nil {
		return err
	}
	resume := p.pause(ctx)
	defer resume()
	var a *answer
	select {
	case a = <-reply:
	case <-ctx.Done():
		if giveUp != nil && ctx.Err() != context.DeadlineExceeded { // of which it knows
			p.answer(giveUp)
		}
		return pull.Cause(ctx)
	case <-p.dead:
		select {
		case a = <-reply: // it had come
		default:
			return p.cause()
		}
	}
	if a.err != nil {
		return a.err
	}
	return p.store(a.in, result)
}

// store stores the results of a call.
func (p *Peer) store(in *incoming, result any) error {
	if p.cfg.ErrFirst && !p.isNative() {
		if err := in.shift(); err != nil {
			return err
		}
	}
	args := Args{in}
	switch dst := result.(type) {
	case nil:
		return nil
	case Values:
		return args.Scan(dst...)
	case *Args:
		*dst = args
		return nil
	}
	return args.Scan(result)
}

// shift takes off the first argument, and returns it if it is an error.
func (in *incoming) shift() error {
	if len(in.args) == 0 {
		return nil
	}
	first := in.args[0]
	switch string(first) {
	case "null", "false", `""`, "0": // what JavaScript takes for no error
	default:
		return jsError(first)
	}
	in.args = in.args[1:]
	for i := range in.fns {
		in.fns[i].path = in.fns[i].path.shift()
	}
	for i, l := range in.links {
		in.links[i] = link{From: l.From.shift(), To: l.To.shift()}
	}
	return nil
}

// shift makes a path of one that counted an argument more.
func (p path) shift() path {
	if len(p) == 0 {
		return p
	}
	i, err := strconv.Atoi(p[0])
	if err != nil {
		return p
	}
	return append(path{strconv.Itoa(i - 1)}, p[1:]...)
}

// jsError makes an error of what a callback in Node got for one.
func jsError(raw json.RawMessage) error {
	e := &RemoteError{Code: "failed"}
	var object struct{ Message string }
	if json.Unmarshal(raw, &e.Text) == nil {
		return e
	}
	if json.Unmarshal(raw, &object) == nil && object.Message != "" {
		e.Text = object.Message
		return e
	}
	e.Text = strings.ToValidUTF8(string(raw[:min(len(raw), 1<<10)]), "")
	return e
}

// A replyTo is the function that dnode is to call with an answer.
type replyTo struct {
	answer chan *answer
	id     uint64
}

func (r *replyTo) sent(e *encoder) error {
	if err := e.callback(&entry{reply: r.answer}); err != nil {
		return err
	}
	r.id = e.callbacks[len(e.callbacks)-1].id
	return nil
}

// values writes arguments.
func (e *encoder) values(args []any) error {
	return e.array(len(args), func(i int) reflect.Value { return reflect.ValueOf(args[i]) })
}
