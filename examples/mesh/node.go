package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"

	"github.com/weir-go/weir/duplex/command"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/codec"
)

//go:embed replica.js
var script string

const toType = `npm install --prefix ~/scuttlebutt scuttlebutt@5.6.15
  NODE_PATH=~/scuttlebutt/node_modules go run ./examples/mesh`

// needNode says what is missing, and what to type.
func needNode(ctx context.Context) error {
	err := exec.CommandContext(ctx, "node", "-e", "require('scuttlebutt/model')").Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("there is no node here: install Node 20, then type\n  " + toType)
	case err != nil:
		return errors.New("node does not find npm's scuttlebutt: type\n  " + toType)
	}
	return nil
}

// A node is a program in Node, which is told on stdin what to do.
type node struct {
	called string
	mesh   *mesh
	do     *pull.Pushable[order]
	done   chan struct{} // it has done what it was told

	mu    sync.Mutex
	at    string
	model map[string]string
}

// An order is what it does, and what with: see replica.js.
type order map[string]any

// What a node says is one of these.
type said struct {
	At   string            `json:"at"`   // where it listens
	Sees map[string]string `json:"sees"` // its model
	Done bool              `json:"done"`
}

func startNode(ctx context.Context, m *mesh, name string) (member, error) {
	n := &node{called: name, mesh: m, do: pull.NewPushable[order](1, nil), done: make(chan struct{})}
	c := exec.Command("node", "-e", script, name)
	c.Stderr = os.Stderr
	d := command.New(c)
	m.running.Go(func() {
		_ = d.Sink(ctx, codec.EncodeJSON(n.do.Source())) // what went wrong the source says
	})
	m.keep(func() error { return n.listen(ctx, codec.DecodeJSON[said](d.Source, codec.JSONOptions{})) })
	return n, n.wait(ctx) // until it listens
}

// listen takes in what the program says, until it ends.
func (n *node) listen(ctx context.Context, src pull.Source[said]) error {
	for s, err := range src.All(ctx) {
		if err != nil {
			return err
		}
		n.mu.Lock()
		if s.At != "" {
			n.at = s.At
		}
		if s.Sees != nil {
			n.model = s.Sees
		}
		n.mu.Unlock()
		n.mesh.tell()
		if s.Done || s.At != "" {
			select {
			case n.done <- struct{}{}:
			case <-ctx.Done():
			}
		}
	}
	return fmt.Errorf("%s has ended", n.called)
}

func (n *node) wait(ctx context.Context) error {
	select {
	case <-n.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// tell has the program do something, and waits until it is done.
func (n *node) tell(ctx context.Context, o order) error {
	if err := n.do.Push(ctx, o); err != nil {
		return err
	}
	return n.wait(ctx)
}

func (n *node) set(ctx context.Context, key, value string) error {
	return n.tell(ctx, order{"set": []string{key, value}})
}

func (n *node) join(ctx context.Context, to member) (cut func() error, err error) {
	host, port, err := net.SplitHostPort(to.address())
	if err != nil {
		return nil, err
	}
	cut = func() error { return n.tell(ctx, order{"cut": true}) }
	return cut, n.tell(ctx, order{"join": []string{host, port}})
}

func (n *node) sees() map[string]string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.model
}

func (n *node) address() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.at
}

func (n *node) name() string { return n.called }
func (n *node) kind() string { return "npm" }
