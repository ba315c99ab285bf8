package main

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/model"
)

func forgetCommand(e *env) *cobra.Command {
	var members []string
	q := request{Op: "forget"}
	c := &cobra.Command{
		Use:   "forget R",
		Short: "Drop the deletions that every member has heard of",
		Long: `A deletion stays in a replica, since another one that was away may still hold
what was deleted. Once all members are known to have it on disk, it can go. Members
are those replicas that must have heard of a deletion: all that write, or may be
away for long. Declare the same ones, R too, on each of them, with the ids that
weir inspect shows; R keeps the declaration, and what it learns of the others when
they sync.

A replica that comes back after its time, or an old dump, is refused from then on.
With weir sync R OTHER --resync it takes everything anew from OTHER.

Peers that are connected to the weir which holds R are waited for: what one of them
has not got stays. With --hurry it goes, and they have to take everything anew.`,
		Example: `  weir forget r --members 6f0c0a2be1a94b1f8b5d1c4c7a0e9d33,81d3…
  weir forget r`,
		Args: args(1, 1),
	}
	c.Flags().StringSliceVar(&members, "members", nil, "declare these replicas, by `ID`, and no others, as members")
	c.Flags().BoolVar(&q.Hurry, "hurry", false, "do not wait for who is connected")
	c.RunE = func(c *cobra.Command, args []string) error {
		for _, text := range members {
			id, err := parseID(text)
			if err != nil {
				return err
			}
			q.Members = append(q.Members, id)
		}
		q.Paper = e.out
		r := e.open(args[0])
		err := r.do(c.Context(), &call{request: q, out: e.output()})
		return firstError(err, r.close(c.Context()))
	}
	return c
}

// parseID reads a replica's id in full.
func parseID(text string) (id replicate.ReplicaID, err error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(id) {
		return id, fail(exitUsage, "weir inspect R shows R's id", "%q is no replica's id: 32 hexadecimal digits", text)
	}
	return replicate.ReplicaID(b), nil
}

func opForget(ctx context.Context, j *journal.Journal, c *call) error {
	r := j.Replica()
	if len(c.Members) > 0 {
		r.SetMembers(c.Members)
	}
	n, err := r.Forget(c.Hurry)
	if err != nil {
		return err
	}
	if err := r.Flush(ctx); err != nil {
		return err
	}
	if c.Paper.JSON {
		return c.write(ctx, line(map[string]any{"forgotten": n, "members": len(r.Members())}))
	}
	return c.write(ctx, fmt.Appendf(nil, "forgot %s, for %s\n", plural(int64(n), "deletion"),
		plural(int64(len(r.Members())), "member")))
}

func resyncFlag(c *cobra.Command) *bool {
	return c.Flags().Bool("resync", false,
		"where the other side has forgotten deletions that R may not know of,\nreplace all that is in R by what is there")
}

// tellUnseen tells of own updates that are lost by taking everything anew.
func tellUnseen(ctx context.Context, c *call, unseen []*replicate.Update) {
	for _, u := range unseen {
		text := fmt.Sprintf("%s, %d bytes", shown(u.Object()), len(u.Op()))
		if u.Object().Type == model.JSON.Tag {
			// An op ends with its key, and the value if there is one.
			key, _ := model.JSON.Key(u.Op())
			_, value, _ := strings.Cut(u.Op()[1:], key)
			text = fmt.Sprintf("%s %q = %s", shown(u.Object()), key, cmp.Or(value, "deleted"))
		}
		c.tell(ctx, note{Event: "unseen", Lost: text})
	}
}
