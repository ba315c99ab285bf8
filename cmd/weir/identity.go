package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/weir-go/weir/duplex/secure"
)

// identityVar names another identity file than the user's usual one.
const identityVar = "WEIR_IDENTITY"

// identityFlag is the flag of every command that shows who we are.
func identityFlag(c *cobra.Command, file *string) {
	c.Flags().StringVar(file, "identity", "",
		"the `FILE` with this user's key (default $"+identityVar+", or one in the configuration folder)")
}

func idCommand(e *env) *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "id",
		Short: "Print this user's peer id",
		Long: `Prints the id by which others know this user: type it on their hosts, as in
weir trust R ID. It is a public key, in base32 with two characters to find typing
errors, and no secret. The private key is in a file that is made on first use,
weir/identity in the user's configuration folder: who has that file is this peer.`,
		Example: `  weir id
  ssh HOST weir trust r $(weir id)`,
		Args: args(0, 0),
	}
	identityFlag(c, &file)
	c.RunE = func(*cobra.Command, []string) error {
		path, err := identityPath(file)
		if err != nil {
			return err
		}
		id, made, err := openIdentity(path)
		if err != nil {
			return err
		}
		if e.out.JSON {
			return e.print(line(struct {
				ID   secure.PeerID `json:"id"`
				Path string        `json:"path"`
				Made bool          `json:"made"`
			}{id.ID(), path, made}))
		}
		if made {
			e.say("made %s: keep it to yourself", escape(path))
		}
		return e.print(fmt.Appendln(nil, id.ID()))
	}
	return c
}

// identityPath is where the identity is, by the flag, the environment or habit.
func identityPath(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if path := os.Getenv(identityVar); path != "" {
		return path, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fail(exitIdentity, "--identity FILE or "+identityVar+" names one",
			"there is no place for an identity: %w", err)
	}
	return filepath.Join(dir, "weir", "identity"), nil
}

// openIdentity loads the identity at path, and makes it first if need be.
func openIdentity(path string) (id *secure.Identity, made bool, err error) {
	id, err = secure.LoadIdentity(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return id, false, badIdentity(err)
	}
	if id, err = secure.NewIdentity(); err != nil {
		return nil, false, err
	}
	err = os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = id.Save(path)
	}
	if errors.Is(err, fs.ErrExist) { // another weir was first
		id, err = secure.LoadIdentity(path)
		return id, false, badIdentity(err)
	}
	return id, err == nil, badIdentity(err)
}

func badIdentity(err error) error {
	var mode *secure.ModeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &mode):
		return fail(exitIdentity, fmt.Sprintf("chmod %04o %s", mode.Mode&mode.Max, escape(mode.Path)),
			"the identity file %s has mode %04o, so that others can read it", mode.Path, mode.Mode)
	case errors.Is(err, secure.ErrLocked):
		return err
	}
	return fail(exitIdentity, "--identity FILE or "+identityVar+" names another one; "+
		"where there is no file, a new identity is made", "cannot use the identity: %w", err)
}
