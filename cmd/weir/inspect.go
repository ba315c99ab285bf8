package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
)

func inspectCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "inspect R",
		Short: "Say what a replica is made of",
		Long: `Says how large R is and how much of its file is overwritten, which weir compact
gives back, and for each object and each author how many updates are live, and
how many bytes they have. Deletions are updates, too. Members are those that weir
forget declared.`,
		Example: `  weir inspect r
  weir inspect --json r`,
		Args: args(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return e.look(c.Context(), args[0], &call{
				request: request{Op: "inspect", Path: absolute(args[0])},
			})
		},
	}
}

// An inspection is what inspect prints with --json.
type inspection struct {
	Path        string  `json:"path"`
	Replica     string  `json:"replica"`
	Label       string  `json:"label,omitempty"`
	Set         string  `json:"set,omitempty"`
	Bytes       int64   `json:"bytes"`            // of the file
	Overwritten float64 `json:"overwritten"`      // the share of them that is not needed
	Updates     int     `json:"updates"`          // live
	Signed      bool    `json:"signed,omitempty"` // only what is signed is taken in
	Objects     []share `json:"objects"`
	Authors     []share `json:"authors"`

	Members []member `json:"members,omitempty"` // who must have heard of a deletion before it is forgotten
}

// A member is one of those that weir forget declared.
type member struct {
	Replica string `json:"replica"`
	Awaited int    `json:"awaited"` // deletions that it is not known to have
}

// A share is what one object or author has of a replica.
type share struct {
	Type    string `json:"type,omitempty"` // of an object, as in weir objects
	Name    string `json:"name"`
	Updates int    `json:"updates"`
	Bytes   int64  `json:"bytes"` // of what they say, names and stamps not counted
	Own     bool   `json:"own,omitempty"`
	Signer  string `json:"signer,omitempty"` // of an author: the peer whose key signs
}

func opInspect(ctx context.Context, j *journal.Journal, c *call) error {
	r := j.Replica()
	info, err := os.Stat(c.Path)
	if err != nil {
		return err
	}
	needed := int64(0)
	err = pull.Each(ctx, r.Read(nil), func(chunk []byte) error {
		needed += int64(len(chunk))
		return nil
	})
	if err != nil {
		return err
	}
	i := inspection{
		Path: c.Path, Replica: r.ID().String(), Label: j.Meta().Label, Set: j.Meta().Set,
		Bytes: info.Size(), Signed: j.Meta().Signed, Overwritten: max(0, 1-float64(needed)/float64(info.Size())),
	}
	i.count(r)
	waits := r.Awaited()
	for _, id := range r.Members() {
		i.Members = append(i.Members, member{id.String(), waits[id]})
	}
	if c.Paper.JSON {
		return c.write(ctx, c.Paper.line(i))
	}
	return c.write(ctx, []byte(i.text(c.Paper)))
}

// count counts the live updates by object and by author.
func (i *inspection) count(r *replicate.Replica) {
	objects, authors := map[string]*share{}, map[string]*share{}
	own := r.Author()
	add := func(to map[string]*share, name string, u *replicate.Update) *share {
		s := to[name]
		if s == nil {
			s = &share{Name: name}
			to[name] = s
		}
		s.Updates++
		s.Bytes += int64(len(u.Op()))
		return s
	}
	for _, u := range r.Live() {
		i.Updates++
		add(objects, u.Object().String(), u).Type = nameOf(u.Object().Type)
		author := u.Stamp().Author
		s := add(authors, author.String(), u)
		s.Own, s.Signer = author == own, signer(author)
	}
	i.Objects, i.Authors = sorted(objects), sorted(authors)
}

// sorted are shares, the largest first.
func sorted(shares map[string]*share) []share {
	list := make([]share, 0, len(shares))
	for _, s := range slices.SortedFunc(maps.Values(shares), func(a, b *share) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Name, b.Name))
	}) {
		list = append(list, *s)
	}
	return list
}

// text is an inspection for people.
func (i inspection) text(p paper) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "replica %s", i.Replica)
	if i.Label != "" {
		fmt.Fprintf(&b, " %q", i.Label)
	}
	if i.Set != "" {
		fmt.Fprintf(&b, " of the data set %q", i.Set)
	}
	fmt.Fprintf(&b, "\n%s, %.0f%% of it overwritten; %s live\n\n",
		formatSize(i.Bytes), 100*i.Overwritten, plural(int64(i.Updates), "update"))
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, table := range []struct {
		of   string
		rows []share
	}{{"object", i.Objects}, {"author (* writes here)", i.Authors}} {
		fmt.Fprintf(w, "updates\tbytes\t  %s\n", table.of)
		for _, s := range table.rows {
			name, own := p.text(s.Name), ""
			if s.Type != "" {
				name = s.Type + " (" + name + ")"
			}
			if s.Own {
				own = " *"
			}
			if s.Signer != "" {
				own += "  signed by " + s.Signer
			}
			fmt.Fprintf(w, "%d\t%d\t  %s%s\n", s.Updates, s.Bytes, name, own)
		}
		_ = w.Flush()
		b.WriteByte('\n')
	}
	for _, m := range i.Members {
		fmt.Fprintf(&b, "member %s", m.Replica)
		if m.Awaited > 0 {
			fmt.Fprintf(&b, ", not known to have %s", plural(int64(m.Awaited), "deletion"))
		}
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n\n") + "\n"
}
