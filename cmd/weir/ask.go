package main

import (
	"bufio"
	"context"
	"strings"

	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/pull"
)

// canAsk reports whether there is a person to ask.
func (e *env) canAsk() bool {
	return isTerminal(e.stdin) && e.errPaper.Terminal && !e.out.JSON
}

// ask asks the person at the terminal whether to trust a peer, of whom there was
// news, with replicas, and adds it to their lists on yes.
func (g *gate) ask(ctx context.Context, peer secure.PeerID, where string, replicas ...string) (bool, error) {
	defer func() {
		g.mu.Lock()
		g.asking = false
		g.mu.Unlock()
	}()
	g.e.say("%s is not known here. Its peer id is\n\n  %s\n\n"+
		"Is that what 'weir id' prints there? Then it may read and write %s, now and later.",
		escape(where), peer, escape(strings.Join(replicas, " and ")))
	yes, err := g.e.confirm(ctx, "Trust it? [y/N] ")
	if err != nil || !yes {
		if err == nil {
			g.e.say("not trusted: nothing was exchanged")
		}
		return false, err
	}
	for _, replica := range replicas {
		if err := trustedOf(replica).Add(peer, ""); err != nil {
			return false, badList(trustedOf(replica), err)
		}
	}
	g.e.say("trusted from now on; 'weir trust %s --remove %s' takes it back", escape(replicas[0]), peer)
	return true, nil
}

// confirm puts a question to the terminal. Whatever is not a yes is a no; so
// is the end of the input, and that we are in the background.
func (e *env) confirm(ctx context.Context, question string) (bool, error) {
	readInBackgroundFails()
	if _, err := e.stderr.Write([]byte(question)); err != nil {
		return false, err
	}
	answers := make(chan string, 1)
	go func() { // left behind when the command ends, as nothing ends a read
		answer, err := bufio.NewReader(e.stdin).ReadString('\n')
		if err != nil {
			e.say("") // there was no line end
		}
		answers <- answer
	}()
	select {
	case answer := <-answers:
		switch strings.ToLower(strings.TrimSpace(answer)) {
		case "y", "yes":
			return true, nil
		}
		return false, nil
	case <-ctx.Done():
		e.say("")
		return false, pull.Cause(ctx)
	}
}
