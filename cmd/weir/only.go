package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
)

const onlyText = `OBJECT[/KEYS] names a part of a replica: all of the object of that name, or its
keys that begin with KEYS. What set writes is in the object without a name:
/KEYS. A star ends a name of which that is the beginning: 'OBJECT*[/KEYS]'.
Where deletions were forgotten (weir forget --help), nothing goes in part any more.`

// parsePart reads OBJECT[/KEYS].
func parsePart(flag, text string) (replicate.Rule, error) {
	name, key, _ := strings.Cut(text, "/")
	r := replicate.Rule{Name: strings.TrimSuffix(name, "*"), Prefix: strings.HasSuffix(name, "*")}
	if key != "" {
		r.Type, r.Key = model.JSON.Tag, key
	}
	err := replicate.Only(r).Check()
	if text == "" {
		err = fail(exitUsage, "OBJECT, OBJECT/KEYS or /KEYS", "%s without an object", flag)
	}
	return r, err
}

// onlyFlag is what the command wants to be sent.
func onlyFlag(c *cobra.Command, only *[]string) {
	c.Flags().StringArrayVar(only, "only", nil,
		"be sent only this part of the other replica, `OBJECT[/KEYS]`; may be repeated")
}

// parseParts reads what onlyFlag was given; nil for everything.
func parseParts(texts []string) (rules []replicate.Rule, err error) {
	for _, text := range texts {
		r, err := parsePart("--only", text)
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	return rules, replicate.Only(rules...).Check()
}

// filterOf is the filter of rules; of none, everything.
func filterOf(rules []replicate.Rule) replicate.Filter {
	if len(rules) == 0 {
		return replicate.Filter{}
	}
	return replicate.Only(rules...)
}

// unmet returns which of the rules name nothing that r has, or has deleted.
func unmet(r *replicate.Replica, rules []replicate.Rule) (which []int) {
	if len(rules) == 0 {
		return nil
	}
	live := r.Live()
	for i, rule := range rules {
		only := replicate.Only(rule)
		if !slices.ContainsFunc(live, func(u *replicate.Update) bool {
			part := replicate.Rule{Type: u.Object().Type, Name: u.Object().Name}
			if part.Type == model.JSON.Tag {
				part.Key, _ = model.JSON.Key(u.Op())
			}
			return only.Contains(replicate.Only(part))
		}) {
			which = append(which, i)
		}
	}
	return which
}

// permissions say what peers may be sent: one by its identity, or anybody of
// whom nothing is said.
type permissions struct {
	texts  []string // as typed
	peers  []secure.PeerID
	rules  [][]replicate.Rule // by index in peers
	others []replicate.Rule
}

func (p *permissions) flag(c *cobra.Command) {
	c.Flags().StringArrayVar(&p.texts, "allow", nil,
		"send peers only this part, `[PEER=]OBJECT[/KEYS]`: the peer with that id, or all others; may be repeated;\n"+
			"does not limit what they write")
}

func (p *permissions) parse() error {
	for _, text := range p.texts {
		id, part, named := strings.Cut(text, "=")
		peer, err := parsePeer(id)
		if named = named && err == nil; !named {
			part = text
		}
		r, err := parsePart("--allow", part)
		if err != nil {
			return err
		}
		if !named {
			p.others = append(p.others, r)
			continue
		}
		rules := p.of(peer)
		*rules = append(*rules, r)
	}
	for _, rules := range append(p.rules, p.others) {
		if err := replicate.Only(rules...).Check(); err != nil {
			return err
		}
	}
	return nil
}

// of returns the rules of a peer, making room for them.
func (p *permissions) of(peer secure.PeerID) *[]replicate.Rule {
	for i, id := range p.peers {
		if id.Equal(peer) {
			return &p.rules[i]
		}
	}
	p.peers, p.rules = append(p.peers, peer), append(p.rules, nil)
	return &p.rules[len(p.rules)-1]
}

// allowed returns what a peer may be sent; empty for everything.
func (p *permissions) allowed(peer secure.PeerID) []replicate.Rule {
	for i, id := range p.peers {
		if id.Equal(peer) {
			return p.rules[i]
		}
	}
	return p.others
}
