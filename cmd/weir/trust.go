package main

import (
	"errors"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/duplex/secure"
)

// trustedOf is the list of the peers that may read and write a replica. It is
// one list by whatever link the file is named.
func trustedOf(path string) secure.AllowList {
	if file, err := filepath.EvalSymlinks(path); err == nil {
		path = file
	}
	return secure.AllowList{Path: path + ".peers"}
}

// An acquaintance is what trust tells of a peer.
type acquaintance struct {
	Peer    secure.PeerID `json:"peer"`
	Label   string        `json:"label,omitempty"`
	Trusted bool          `json:"trusted"`
}

func trustCommand(e *env) *cobra.Command {
	var label, remove string
	c := &cobra.Command{
		Use:   "trust R [PEER]",
		Short: "Say which peers may read and write a replica",
		Long: `Adds the peer with the id PEER to those that may read and write R, now and later,
whoever of the two connects. The id is what weir id prints on its host. Without
PEER it lists them. They are in the file R.peers.

This user's own key is always accepted. What --remove takes away no longer
connects; a connection that is there stays until it ends.`,
		Example: `  weir trust r 2b5aqp-4mxzrq-… --label laptop
  weir trust r
  weir trust r --remove 2b5aqp-4mxzrq-…`,
		Args: args(1, 2),
	}
	c.Flags().StringVar(&label, "label", "", "a name for people")
	c.Flags().StringVar(&remove, "remove", "", "take the peer with this `ID` away")
	c.RunE = func(c *cobra.Command, args []string) error {
		if !exists(args[0]) {
			return noReplica(args[0])
		}
		list := trustedOf(args[0])
		switch {
		case remove != "" && (len(args) > 1 || label != ""):
			return usage(c, "--remove goes with nothing else")
		case remove != "":
			return e.distrust(list, args[0], remove)
		case len(args) > 1:
			return e.trust(list, args[1], label)
		case label != "":
			return usage(c, "--label without a PEER")
		}
		return e.listTrusted(list, args[0])
	}
	return c
}

func (e *env) trust(list secure.AllowList, text, label string) error {
	peer, err := parsePeer(text)
	if err != nil {
		return err
	}
	if err := list.Add(peer, label); err != nil {
		return badList(list, err)
	}
	if e.out.JSON {
		return e.print(line(acquaintance{peer, label, true}))
	}
	e.say("%s is trusted", peer)
	return nil
}

func (e *env) distrust(list secure.AllowList, path, text string) error {
	peer, err := parsePeer(text)
	if err != nil {
		return err
	}
	switch listed, err := list.Remove(peer); {
	case err != nil:
		return badList(list, err)
	case !listed:
		return fail(exitNotFound, "'weir trust "+escape(path)+"' lists who is", "%s was not trusted", peer)
	}
	if e.out.JSON {
		return e.print(line(acquaintance{Peer: peer}))
	}
	e.say("%s is not trusted any more", peer)
	return nil
}

func (e *env) listTrusted(list secure.AllowList, path string) error {
	entries, err := list.Entries()
	if err != nil {
		return badList(list, err)
	}
	var text []byte
	for _, entry := range entries {
		if e.out.JSON {
			text = append(text, e.out.line(acquaintance{entry.Peer, entry.Label, true})...)
			continue
		}
		text = append(text, entry.Peer.String()...)
		if entry.Label != "" {
			text = append(append(text, ' '), e.out.text(entry.Label)...)
		}
		text = append(text, '\n')
	}
	if len(entries) == 0 && !e.out.JSON {
		e.say("nobody but this user is trusted with %s", escape(path))
	}
	return e.print(text)
}

// parsePeer reads a peer id that was typed.
func parsePeer(text string) (secure.PeerID, error) {
	peer, err := secure.ParsePeerID(text)
	if err != nil {
		return peer, fail(exitUsage, "an id is what 'weir id' prints on the other host, 54 letters and digits",
			"%q: %w", text, err)
	}
	return peer, nil
}

// tooManyFiles is the hint for a list that cannot be opened.
const tooManyFiles = "raise 'ulimit -n', or lower --limit peers=N; until then nobody new gets in"

// badList says what is wrong with a list of peers.
func badList(list secure.AllowList, err error) error {
	switch {
	case errors.Is(err, secure.ErrLocked):
		return err
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return fail(exitFailed, tooManyFiles, "%w", err)
	case errors.As(err, new(syscall.Errno)):
		return err // the system's, and no line is wrong
	case errors.Is(err, secure.ErrWeakKey):
		return fail(exitUsage, "an id is what 'weir id' prints on the other host", "%w", err)
	case errors.As(err, new(*secure.IDError)):
		return fail(exitIdentity, "mend "+escape(list.Path)+": a line is an id, as 'weir id' prints it, "+
			"and maybe a label; until then nobody on it is trusted", "%w", err)
	}
	return fail(exitIdentity, "mend "+escape(list.Path)+": until then nobody on it is trusted", "%w", err)
}
