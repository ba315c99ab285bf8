package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

// A call is one of the other side's.
type call struct {
	en     *entry // nil if err
	in     *incoming
	n      *uint64 // its number, from a Peer that awaits an answer
	err    error   // why it is not called at all
	ctx    context.Context
	cancel context.CancelCauseFunc
	line   *entry // whose calls run one after another; nil: it need not wait
}

// dispatch acts on a message. It runs no code of the user's, and waits only when
// Config.MaxCalls run. An error ends the Peer.
func (p *Peer) dispatch(b frame.Msg) error {
	m, err := parse(b, p.cfg)
	if err != nil {
		return &ProtocolError{Detail: err.Error()}
	}
	switch {
	case m.Return != nil:
		p.returned(m)
		return nil
	case m.Cancel != nil:
		p.canceled(*m.Cancel)
		return nil
	case !m.Method.byID && m.Method.name == "methods":
		return p.introduced(m)
	case !m.Method.byID && m.Method.name == "cull":
		return p.culled(m)
	}
	return p.called(m)
}

// introduced notes what the other side offers.
func (p *Peer) introduced(m message) error {
	if m.Weir != nil && !p.cfg.Plain {
		p.native.Store(true)
	}
	in, err := p.read(m)
	if err != nil {
		return &ProtocolError{Detail: err.Error()}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	first := p.remote == nil
	p.remote = make(map[string]uint64)
	p.about = in
	for _, f := range in.fns {
		if len(f.path) > 1 {
			p.remote[strings.Join(f.path[1:], ".")] = f.id
		}
	}
	if first {
		close(p.known)
	}
	return nil
}

func (p *Peer) culled(m message) error {
	for _, raw := range m.Arguments {
		var id uint64
		if err := json.Unmarshal(raw, &id); err != nil {
			return &ProtocolError{Detail: fmt.Sprintf("cull of %.40q", raw)}
		}
		en := p.find(id)
		p.forget(id)
		if en != nil && en.drop != nil {
			p.handlers.Go(func() { en.drop(pull.ErrStopped) })
		}
	}
	return nil
}

// returned hands out an answer. One that nobody awaits comes too late.
func (p *Peer) returned(m message) {
	p.mu.Lock()
	reply := p.pending[*m.Return]
	delete(p.pending, *m.Return)
	p.mu.Unlock()
	if reply == nil {
		return
	}
	a := &answer{}
	if m.Error != nil {
		a.err = &RemoteError{Code: m.Error.Code, Text: m.Error.Text}
	} else {
		a.in, a.err = p.read(m)
	}
	reply <- a
}

func (p *Peer) canceled(n uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if cancel := p.running[n]; cancel != nil {
		cancel(context.Canceled)
	}
}

// called has a function run.
func (p *Peer) called(m message) error {
	c := &call{n: m.Call}
	if c.in, c.err = p.read(m); c.in != nil {
		c.in.awaited = m.Call != nil
		c.in.replies = m.Call == nil && !p.isNative()
	}
	if m.Method.byID {
		c.en = p.find(m.Method.id)
	} else {
		c.en = p.names[m.Method.name]
	}
	switch {
	case c.en != nil && c.en.reply != nil:
		p.forget(m.Method.id)
		if c.in != nil {
			c.in.replies = false // nobody waits for an answer to an answer
		}
		select {
		case c.en.reply <- &answer{in: c.in, err: c.err}:
		default: // it was called twice at once
		}
		return nil
	case c.en == nil || c.en.f == nil:
		c.en = &entry{method: true}
		c.err = fmt.Errorf("%w: %s", ErrNoMethod, m.Method)
	}
	if err := p.admit(c, m.Timeout); err != nil {
		return err
	}
	p.launch(c)
	return nil
}

// String returns the number, or the name in quotes.
func (m method) String() string {
	if m.byID {
		return fmt.Sprint(m.id)
	}
	return fmt.Sprintf("%q", m.name)
}

// admit waits until the call may run, and registers it.
func (p *Peer) admit(c *call, timeout int64) error {
	for p.full() {
		select {
		case <-p.slot:
		case <-p.dead: // and so it is let in, to be told
		}
	}
	c.ctx, c.cancel = context.WithCancelCause(context.WithValue(p.work, callerKey{}, &caller{p: p, call: c}))
	if timeout > 0 {
		cancel := c.cancel
		ctx, stop := context.WithTimeout(c.ctx, time.Duration(timeout)*time.Millisecond)
		c.ctx, c.cancel = ctx, func(cause error) {
			cancel(cause)
			stop()
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.n != nil {
		if p.running[*c.n] != nil {
			return &ProtocolError{Detail: fmt.Sprintf("call %d comes twice", *c.n)}
		}
		p.running[*c.n] = c.cancel
	}
	p.busy++
	p.enter()
	return nil
}

func (p *Peer) full() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.busy >= p.cfg.MaxCalls && !p.ended
}

// launch starts a call, or has it wait for those before it.
func (p *Peer) launch(c *call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case !c.en.method:
		c.line = c.en
	case p.cfg.InOrder:
		c.line = &p.order
	}
	if c.line != nil && c.line.busy {
		c.line.queue = append(c.line.queue, c)
		return
	}
	if c.line != nil {
		c.line.busy = true
	}
	p.handlers.Go(func() { p.run(c) })
}

// pass lets the next call run. Callers hold mu.
func (p *Peer) pass(c *call) {
	line := c.line
	if line == nil {
		return
	}
	c.line = nil
	line.busy = len(line.queue) > 0
	if line.busy {
		next := line.queue[0]
		line.queue = line.queue[1:]
		p.handlers.Go(func() { p.run(next) })
	}
}

// run runs a call and answers it, whatever the handler does.
func (p *Peer) run(c *call) {
	var result any
	err := error(errGoexit)
	defer func() {
		if v := recover(); v != nil {
			err = pull.NewPanicError(v)
		}
		p.reply(c, result, err)
		p.ran(c)
	}()
	if err = c.err; err == nil {
		err = errGoexit
		result, err = c.en.f(c.ctx, Args{c.in})
	}
}

var errGoexit = errors.New("rpc: goroutine of the handler was ended")

// ran takes a call off, and starts the one that waited for it.
func (p *Peer) ran(c *call) {
	c.cancel(nil)
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.n != nil {
		delete(p.running, *c.n)
	}
	p.busy--
	p.leave()
	signal(p.slot)
	p.pass(c)
}

// reply tells the caller what a handler has returned, or else Config.Failed.
func (p *Peer) reply(c *call, result any, err error) {
	var tell error
	switch {
	case c.n != nil:
		tell = p.sayReturn(*c.n, result, err)
	case c.in == nil || c.in.last() == nil:
		tell = err
	default:
		tell = p.callBack(c.in.last(), result, err)
	}
	if tell != nil && p.cfg.Failed != nil {
		p.cfg.Failed(tell)
	}
}

// sayReturn answers a Peer. It returns what that does not learn.
func (p *Peer) sayReturn(n uint64, result any, err error) (tell error) {
	var line []byte
	if err == nil {
		line, err = p.encode(fmt.Sprintf(`{"return":%d,`, n), results(result))
	}
	if err != nil {
		if errors.As(err, new(*pull.PanicError)) {
			tell = err
		}
		e := remoteError(err)
		text, _ := json.Marshal(wireError{e.Code, e.Text})
		line = fmt.Appendf(nil, `{"return":%d,"error":%s}`, n, text)
	}
	_ = p.say(p.ctx, line)
	return tell
}

// callBack answers dnode. It returns what that does not learn.
func (p *Peer) callBack(r *ref, result any, err error) (tell error) {
	args := results(result)
	switch {
	case err == nil && p.cfg.ErrFirst:
		args = append(Values{nil}, args...)
	case err != nil && p.cfg.ErrFirst:
		args = Values{remoteError(err).Text}
		if errors.As(err, new(*pull.PanicError)) {
			tell = err
		}
	case err != nil:
		return err
	}
	line, err := p.encode(fmt.Sprintf(`{"method":%d,`, r.id), args)
	if err != nil {
		return err
	}
	_ = p.say(p.ctx, line)
	return tell
}

// results are what a handler has returned.
func results(result any) Values {
	if several, ok := result.(Values); ok {
		return several
	}
	return Values{result}
}

// pause says that the handler of ctx waits, if it is one of p's, and so does
// not count against Config.MaxCalls until resume is called.
func (p *Peer) pause(ctx context.Context) (resume func()) {
	c, ok := ctx.Value(callerKey{}).(*caller)
	if !ok || c.p != p {
		return func() {}
	}
	add := func(n int) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if c.waits += n; n > 0 && c.waits == 1 {
			p.busy--
			signal(p.slot)
			p.pass(c.call)
		} else if n < 0 && c.waits == 0 {
			p.busy++
		}
	}
	add(1)
	return func() { add(-1) }
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
