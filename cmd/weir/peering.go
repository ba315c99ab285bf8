package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/through/rate"
)

// A peering is one run of the command peer or serve.
type peering struct {
	e       *env
	listen  string
	join    []string
	several bool // the command is serve
	only    []string
	resync  *bool
	gate    *gate
	limits  limits

	permissions permissions
	wanted      []replicate.Rule

	replicas []*served
	paths    []string // of the replicas
	joins    []address
	finish   chan struct{}   // closed when sessions are to finish
	hurry    context.Context // done then: for what is not worth waiting for
	sessions sync.WaitGroup
	noise    *rate.Limiter // for telling of those who were refused
	troubles *rate.Limiter // for telling that a list cannot be read

	hall    hall          // those on their way to a session
	places  chan struct{} // one for each peer that was accepted
	doctors doctors
}

// A served replica has a name by which peers ask for it.
type served struct {
	name string
	*replicaFile
}

// lastExchange is how long sessions may take to finish.
const lastExchange = 1000 * time.Millisecond

func newPeering(e *env) *peering {
	return &peering{
		e: e, gate: &gate{e: e},
		noise: rate.NewLimiter(1, 20), troubles: rate.NewLimiter(1/tellAgain.Seconds(), 1),
	}
}

func (p *peering) run(c *cobra.Command) error {
	if p.listen == "" && len(p.join) == 0 {
		return usage(c, "nothing to do: give --listen, --join or both")
	}
	if err := p.gate.open(c); err != nil {
		return err
	}
	var err error
	if p.wanted, err = parseParts(p.only); err != nil {
		return err
	}
	if err := p.permissions.parse(); err != nil {
		return err
	}
	for _, text := range p.join {
		a, err := parseAddress(text)
		if err != nil {
			return err
		}
		if p.several && a.name != "" && p.named(a.name) == nil {
			return fail(exitUsage, "give one of them that name: "+a.name+"=FILE",
				"%s: none of the replicas here is called %q", text, a.name)
		}
		p.joins = append(p.joins, a)
	}
	ctx, broken := context.WithCancelCause(c.Context())
	defer broken(nil)
	for _, r := range p.replicas {
		r.broken = broken
		p.paths = append(p.paths, r.path)
	}
	err = p.begin(ctx)
	if err == nil {
		err = p.serve(ctx)
	}
	for _, r := range p.replicas {
		err = firstError(err, r.close(ctx))
	}
	return untilSignal(err)
}

// named is the replica of that name, or nil.
func (p *peering) named(name string) *served {
	for _, r := range p.replicas {
		if r.name == name {
			return r
		}
	}
	return nil
}

// begin makes sure that all replicas can be worked on, and that there is an
// identity if one will be shown.
func (p *peering) begin(ctx context.Context) error {
	if !p.gate.insecure {
		if _, err := p.gate.identity(); err != nil {
			return err
		}
	}
	for _, r := range p.replicas {
		if err := r.ready(ctx); err != nil {
			return err
		}
	}
	return nil
}

// serve runs until ctx is done, which is how it ends well.
func (p *peering) serve(ctx context.Context) error {
	ln, err := p.openListener(ctx)
	if err != nil {
		return err
	}
	p.limits.begin()
	// Sessions outlive ctx, to finish.
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	hurry, stop := context.WithCancelCause(own)
	defer stop(nil)
	p.finish, p.hurry = make(chan struct{}), hurry
	if ln != nil {
		p.sessions.Go(func() { p.acceptAll(ctx, own, ln) })
	}
	for _, a := range p.joins {
		p.sessions.Go(func() { p.joinFor(ctx, own, a) })
	}
	<-ctx.Done()
	close(p.finish)
	stop(errClosing)
	late := time.AfterFunc(lastExchange, func() { cancel(errClosing) })
	defer late.Stop()
	p.sessions.Wait()
	return pull.Cause(ctx)
}

// openListener listens where it was asked to, if it was.
func (p *peering) openListener(ctx context.Context) (*netconn.Listener, error) {
	if p.listen == "" {
		return nil, nil
	}
	a, err := listenAt(p.listen)
	if err != nil {
		return nil, err
	}
	if a.network == "unix" {
		ln, err := listenSocketAt(ctx, a.at)
		if err != nil {
			return nil, fail(exitFailed, "unix:PATH of a socket that is not there yet, in a folder that is", "%w", err)
		}
		p.event("listening", a.String(), "", "listening on %s", a)
		return ln, nil
	}
	ln, err := netconn.Listen(ctx, "tcp", a.at)
	if err != nil {
		return nil, fail(exitFailed, "an address of this host, and a port that is free: ':0' takes any", "%w", err)
	}
	if p.gate.insecure {
		p.e.tell(event{Event: "insecure", Address: ln.Addr().String()},
			"warning: nothing is encrypted: whoever reaches %s can read and write", ln.Addr())
	}
	p.event("listening", ln.Addr().String(), "", "listening on %s", ln.Addr())
	return ln, nil
}

// session runs a live session of a replica over d until it ends, and reports
// whether the peer was met.
func (p *peering) session(
	ctx context.Context, r *served, peer secure.PeerID, address string, d duplex.Duplex[[]byte, []byte],
) (met bool, err error) {
	c := &call{finish: p.finish, request: request{
		Op: "session", Live: true, Only: p.wanted, Allow: p.permissions.allowed(peer), Resync: *p.resync,
		Peer: peer, Stranger: p.gate.insecure,
	}}
	c.note = func(_ context.Context, n note) {
		switch n.Event {
		case "met":
			met = true
			p.eventOf(r, "joined", address, n.Peer, "joined %s at %s", n.Peer, address)
		case "unseen":
			p.eventOf(r, "unseen", address, n.Lost, "not taken over: %s", n.Lost)
		case "synced":
			p.eventOf(r, "synced", address, n.Peer, "in sync with %s", n.Peer)
		}
	}
	err = r.sync(ctx, c, d)
	return met, err
}

// An event is what peer and serve tell with --json.
type event struct {
	Event   string `json:"event"`
	Address string `json:"address"`
	Peer    string `json:"peer,omitempty"`
	Replica string `json:"replica,omitempty"` // which of several
	Error   string `json:"error,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

func (p *peering) event(name, address, peer, format string, args ...any) {
	p.e.tell(event{Event: name, Address: address, Peer: peer}, format, args...)
}

// eventOf is event about one of several replicas.
func (p *peering) eventOf(r *served, name, address, peer, format string, args ...any) {
	ev := event{Event: name, Address: address, Peer: peer}
	text := fmt.Sprintf(format, args...)
	if r != nil && p.several {
		ev.Replica, text = r.name, r.name+": "+text
	}
	p.e.tell(ev, "%s", text)
}

// left tells why a peer is not there any more, or not yet.
func (p *peering) left(r *served, address, how string, err error) {
	if err == nil || errors.Is(err, errClosing) {
		p.eventOf(r, "left", address, "", "%s left", address)
		return
	}
	f := explain(err)
	text := fmt.Sprintf("%s %s: %s", address, how, f.What)
	if lasting(err) || f.Code == exitIdentity || f.Hint == notThere || f.Hint == tooManyFiles {
		text += " (hint: " + f.Hint + ")"
	}
	ev := event{Event: "left", Address: address, Error: f.What, Hint: f.Hint}
	if r != nil && p.several {
		ev.Replica, text = r.name, r.name+": "+text
	}
	p.e.tell(ev, "%s", text)
}

// names lists replicas for a person.
func names(replicas []*served) string {
	var text string
	sorted := slices.SortedFunc(slices.Values(replicas), func(a, b *served) int {
		return cmp.Compare(a.name, b.name)
	})
	for i, r := range sorted {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%q", r.name)
	}
	return text
}
