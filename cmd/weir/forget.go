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
weir inspect shows, or the first digits of one that has written to R; R keeps the
declaration, and what it learns of the others when they sync with it directly: who
is still waited for is said.

A replica that comes back after its time, or an old dump, is refused from then on.
With weir sync R OTHER --resync it takes everything anew from OTHER. And who has
forgotten a deletion syncs, dumps and loads in full only: --only and --allow are
refused, on every replica that has heard of it.

Peers that are connected to the weir which holds R are waited for: what one of them
has not got stays. With --hurry it goes, and they have to take everything anew.`,
		Example: `  weir forget r --members 6f0c0a2be1a94b1f8b5d1c4c7a0e9d33,81d3…
  weir forget r`,
		Args: args(1, 1),
	}
	c.Flags().StringSliceVar(&members, "members", nil, "declare these replicas, by `ID`, and no others, as members")
	c.Flags().BoolVar(&q.Hurry, "hurry", false, "do not wait for who is connected")
	c.RunE = func(c *cobra.Command, args []string) error {
		q.Members = members
		q.Paper = e.out
		r := e.open(args[0])
		err := r.do(c.Context(), &call{request: q, out: e.output()})
		return firstError(err, r.close(c.Context()))
	}
	return c
}

func opForget(ctx context.Context, j *journal.Journal, c *call) error {
	r := j.Replica()
	if err := declare(r, c.Members); err != nil {
		return err
	}
	n, err := r.Forget(c.Hurry)
	if err != nil {
		return err
	}
	if err := r.Flush(ctx); err != nil {
		return err
	}
	waits := r.Awaited()
	if c.Paper.JSON {
		return c.write(ctx, line(map[string]any{
			"forgotten": n, "members": len(r.Members()), "awaited": byText(waits),
		}))
	}
	text := fmt.Sprintf("forgot %s, for %s\n", plural(int64(n), "deletion"),
		plural(int64(len(r.Members())), "member"))
	for _, id := range r.Members() {
		if n := waits[id]; n > 0 {
			text += fmt.Sprintf("%s is not known to have %s: sync with it, directly\n", id, plural(int64(n), "deletion"))
		}
	}
	return c.write(ctx, []byte(text))
}

func byText(waits map[replicate.ReplicaID]int) map[string]int {
	out := make(map[string]int, len(waits))
	for id, n := range waits {
		out[id.String()] = n
	}
	return out
}

// declare makes the replicas of those ids the members, if any are given.
func declare(r *replicate.Replica, texts []string) error {
	var members []replicate.ReplicaID
	for _, text := range texts {
		id, err := parseID(text, known(r))
		if err != nil {
			return err
		}
		members = append(members, id)
	}
	if len(members) > 0 {
		r.SetMembers(members)
	}
	return nil
}

// known are the ids of all replicas that r has met in what it holds.
func known(r *replicate.Replica) map[replicate.ReplicaID]bool {
	ids := map[replicate.ReplicaID]bool{r.ID(): true}
	for _, id := range r.Members() {
		ids[id] = true
	}
	for _, author := range r.Clock().Authors() {
		if id, ok := author.ID(); ok {
			ids[id] = true
		}
	}
	return ids
}

// parseID reads a replica's id: in full, or the first digits of one that is
// known.
func parseID(text string, known map[replicate.ReplicaID]bool) (id replicate.ReplicaID, err error) {
	b, err := hex.DecodeString(text)
	if err == nil && len(b) == len(id) {
		return replicate.ReplicaID(b), nil
	}
	found := 0
	for k := range known {
		if text != "" && strings.HasPrefix(k.String(), strings.ToLower(text)) {
			id = k
			found++
		}
	}
	switch found {
	case 1:
		return id, nil
	case 0:
		return id, fail(exitUsage, "weir inspect R shows R's id, which has 32 hexadecimal digits",
			"%q is no id of a replica that is known here", text)
	}
	return id, fail(exitUsage, "give more digits", "%q begins the ids of %d replicas", text, found)
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
