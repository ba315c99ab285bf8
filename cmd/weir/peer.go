package main

import (
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

func peerCommand(e *env) *cobra.Command {
	p := newPeering(e)
	c := &cobra.Command{
		Use:   "peer R",
		Short: "Keep a replica equal to others, until interrupted",
		Long: `Listens for peers, connects to peers, and keeps R equal to all of them, until it
is interrupted. A peer that vanishes is connected to again.

A peer is accepted if 'weir trust R' lists it, if --peer names it, or if it has
this user's own key, as another weir of this user has; of anybody else weir asks
on a terminal, and otherwise refuses. What is sent is encrypted. A port alone is
one of 127.0.0.1.

With --only R is sent a part of what its peers have, and with --allow they a part
of what R has. Neither limits what a peer writes, nor what R sends: to keep yours
private, use --allow on your side.

` + onlyText + `

` + durabilityText + "\n\n" + limitsText,
		Example: `  weir peer r --listen 0.0.0.0:8000
  weir peer r --join 192.168.1.2:8000 --join tcp://192.168.1.3:8000/notes
  weir peer r --listen unix:r.socket
  weir peer r --listen :8000 --allow 2b5aqp-4mxzrq-…=/shared.`,
		Args: args(1, 1),
	}
	p.flags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		p.add("", args[0])
		return p.run(c)
	}
	return c
}

func serveCommand(e *env) *cobra.Command {
	p := newPeering(e)
	c := &cobra.Command{
		Use:   "serve R…",
		Short: "Keep several replicas equal to others, at one address",
		Long: `Does for several replicas what peer does for one, at one address and over one
connection with each peer. A replica goes by its file's name without extension,
or by NAME as NAME=FILE, and is reached by weir sync OTHER tcp://HOST:PORT/NAME
or weir peer OTHER --join tcp://HOST:PORT/NAME. With --join, each replica is
kept equal to the one of its name there.

A peer can use the replicas that it is trusted with, see weir trust. --only and
--allow are those of peer, for each of the replicas.

` + durabilityText + "\n\n" + limitsText,
		Example: `  weir serve notes.weir todo.weir --listen 0.0.0.0:8000
  weir sync mine tcp://192.168.1.2:8000/notes
  weir serve notes.weir todo.weir --join 192.168.1.2:8000`,
		Args: args(1, 1000),
	}
	p.flags(c)
	p.several = true
	c.RunE = func(c *cobra.Command, args []string) error {
		for _, arg := range args {
			name, path, named := strings.Cut(arg, "=")
			if !named || exists(arg) {
				name, path = "", arg
			}
			if err := p.add(name, path); err != nil {
				return err
			}
		}
		return p.run(c)
	}
	return c
}

// flags are those of peer and serve.
func (p *peering) flags(c *cobra.Command) {
	c.Flags().StringVar(&p.listen, "listen", "", "accept peers at this `ADDRESS`: HOST:PORT, :PORT or unix:PATH")
	c.Flags().StringArrayVar(&p.join, "join", nil,
		"stay connected to this `ADDRESS`: HOST:PORT, tcp://HOST:PORT/NAME, unix:PATH; may be repeated")
	onlyFlag(c, &p.only)
	p.resync = resyncFlag(c)
	p.permissions.flag(c)
	gateFlags(c, p.gate)
	fsyncFlag(c, p.e)
	limitFlag(c, &p.limits)
}

// add adds a replica, by its own name if it is given none.
func (p *peering) add(name, path string) error {
	if name == "" {
		name = filepath.Base(path)
		name = strings.TrimSuffix(name, filepath.Ext(name))
	}
	if other := p.named(name); other != nil {
		return fail(exitUsage, "give one of them a name: NAME=FILE",
			"%s and %s would both be called %q", other.path, path, name)
	}
	r := p.e.open(path)
	r.hold, r.limits, r.gate = true, &p.limits, p.gate
	p.replicas = append(p.replicas, &served{name: name, replicaFile: r})
	return nil
}
