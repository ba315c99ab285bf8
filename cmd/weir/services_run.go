package main

import (
	"cmp"
	"context"
	"time"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/registry"
	"github.com/weir-go/weir/through"
)

// services has a command of services performed, by the directory of a file or at
// a hub.
func (e *env) services(ctx context.Context, where string, q request) error {
	q.Paper = e.out
	c := &call{request: q, out: e.output(), note: e.servicesNote}
	a, isFile, err := fileOrAddress(where)
	switch {
	case err != nil:
		return err
	case !isFile && a.network == "tcp":
		err = e.atHub(ctx, a.at, c)
	default:
		r := e.open(where)
		ctx, broken := context.WithCancelCause(ctx)
		r.hold, r.broken = q.Follow, broken
		err = r.do(ctx, c)
		err = firstError(err, r.close(ctx))
		broken(nil)
	}
	if q.Follow {
		return untilSignal(err)
	}
	return err
}

// servicesNote tells what happens to a directory.
func (e *env) servicesNote(_ context.Context, n note) {
	ev, how := event{Event: n.Event, Address: n.Label}, "left"
	switch n.Event {
	case "joined":
		e.tell(ev, "joined %s", n.Label)
		return
	case "missing":
		ev.Event, how = "left", "is not there yet"
	case "left":
	default:
		e.tell(n, "%s %s", n.Event, n.Label)
		return
	}
	ev.Error, ev.Hint = n.End.What, n.End.Hint
	text := ev.Error
	if ev.Hint != "" {
		text += " (hint: " + ev.Hint + ")"
	}
	e.tell(ev, "%s %s: %s", n.Label, how, text)
}

// atHub does it by a directory of its own, which a hub fills.
func (e *env) atHub(ctx context.Context, address string, c *call) (err error) {
	r := replicate.New(replicate.Config{Types: []replicate.Type{registry.JSON}})
	g, err := registry.Open(r, "", registry.Config{})
	if err != nil {
		return err
	}
	told, ended := make(chan error, 1), make(chan error, 1)
	own, cut := context.WithCancelCause(context.WithoutCancel(ctx))
	hubs := &hubs{
		note:  func(n note) { c.tell(ctx, n) },
		told:  told,
		again: c.Follow || c.Services.Wait,
		firm:  c.Follow,
		quiet: !c.Follow,
	}
	go func() { ended <- hubs.connect(own, g, address) }()
	select {
	case err = <-told:
		if err = at(address, err); err == nil {
			err = servicesVerbs[c.verb()](ctx, g, c.withEnds())
		}
	case <-ctx.Done():
		err = pull.Cause(ctx)
	}
	err = firstError(err, g.Close())
	late := time.AfterFunc(lastExchange, func() { cut(errClosing) })
	<-ended
	late.Stop()
	cut(nil)
	return err
}

// verb is the name of a command of services.
func (c *call) verb() string { return c.Op[len("services "):] }

// A servicesVerb works on a directory.
type servicesVerb func(ctx context.Context, g *registry.Registry, c *call) error

var servicesVerbs = map[string]servicesVerb{
	"hub": runHub, "register": runRegister, "free": runFree,
	"ls": runServicesLs, "get": runServicesGet, "watch": runServicesWatch,
}

// inDirectory does it by the directory of a replica.
func inDirectory(f servicesVerb) func(context.Context, *journal.Journal, *call) error {
	return func(ctx context.Context, j *journal.Journal, c *call) error {
		if c.Services == nil {
			c.Services = &servicesRequest{}
		}
		g, err := registry.Open(j.Replica(), c.Name, registry.Config{Heartbeat: c.Services.Beat})
		if err != nil {
			return err
		}
		return firstError(f(ctx, g, c), g.Close())
	}
}

func runRegister(ctx context.Context, g *registry.Registry, c *call) error {
	reg, err := g.Register(c.Services.Service)
	if err != nil {
		return err
	}
	s := reg.Service()
	c.tell(ctx, note{Event: "registered", Label: hostPort(s) + " " + s.ID})
	select {
	case <-reg.Done():
		return fail(exitNotFound, "'weir services register' registers it again", "%s was freed", s.ID)
	case <-ctx.Done():
		return pull.Cause(ctx)
	}
}

func runFree(_ context.Context, g *registry.Registry, c *call) error { return g.Free(c.Key) }

func runServicesLs(ctx context.Context, g *registry.Registry, c *call) error {
	found, err := g.Query(c.Key)
	if err != nil {
		return err
	}
	return c.out(ctx, through.Map(pull.Values(found...), func(s registry.Service) []byte {
		return c.Paper.service(s, false)
	}))
}

func runServicesGet(ctx context.Context, g *registry.Registry, c *call) error {
	find := func(context.Context, string) ([]registry.Service, error) { return g.Query(c.Key) }
	if c.Services.Wait {
		find = g.Get
	}
	found, err := find(ctx, c.Key)
	switch {
	case err != nil:
		return err
	case len(found) == 0:
		return fail(exitNotFound, "--wait waits for one", "no service %.64q", c.Key)
	}
	return c.out(ctx, through.Map(pull.Values(found...), func(s registry.Service) []byte {
		if c.Paper.JSON {
			return c.Paper.service(s, false)
		}
		return []byte(c.Paper.text(hostPort(s)) + "\n")
	}))
}

func runServicesWatch(ctx context.Context, g *registry.Registry, c *call) error {
	c.tell(ctx, note{Event: "watching", Label: cmp.Or(c.Key, "all services")})
	return c.out(ctx, through.Map(g.Watch(c.Key), func(s registry.Change) []byte {
		return c.Paper.service(s.Service, s.Freed)
	}))
}
