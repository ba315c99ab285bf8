//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate/journal"
)

// An onlooker runs weir as a user who may read a folder's files, and not write
// them. Root may do everything, and so is another user for that.
type onlooker struct {
	weir string
	dir  string // of the files
	attr *syscall.SysProcAttr
}

func newOnlooker(t *testing.T) *onlooker {
	top, err := os.MkdirTemp("", "weir-onlooker")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(top) })
	s := &onlooker{weir: filepath.Join(top, "weir"), dir: filepath.Join(top, "files")}
	require.NoError(t, os.Mkdir(s.dir, 0o755))
	found, err := exec.LookPath("weir")
	require.NoError(t, err)
	program, err := os.ReadFile(found)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(s.weir, program, 0o755))
	require.NoError(t, os.Chmod(top, 0o755))
	if os.Getuid() == 0 {
		s.attr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	if _, errs := s.run("version"); errs != "" {
		t.Skipf("another user cannot run what is in %s: %s", top, errs)
	}
	return s
}

func (s *onlooker) run(args ...string) (out, errs string) {
	var stdout, stderr strings.Builder
	c := exec.Command(s.weir, args...)
	c.Dir, c.SysProcAttr, c.Stdout, c.Stderr = s.dir, s.attr, &stdout, &stderr
	c.Env = append(os.Environ(), "HOME="+s.dir, "XDG_CONFIG_HOME="+s.dir, "XDG_RUNTIME_DIR="+s.dir)
	if err := c.Run(); err != nil {
		stderr.WriteString(err.Error())
	}
	return stdout.String(), stderr.String()
}

// Another user's file can be read, also while it is in use, and not be written,
// and nothing is left in the folder.
func TestOthersFileIsRead(t *testing.T) {
	s := newOnlooker(t)
	path := filepath.Join(s.dir, "r")
	require.NoError(t, journal.Create(path, journal.Meta{Label: "mine"}, config()))
	j, err := journal.Open(t.Context(), path, config())
	require.NoError(t, err)
	m, err := openMap(j.Replica(), "")
	require.NoError(t, err)
	require.NoError(t, m.Set("k", []byte(`"v"`)))
	require.NoError(t, j.Replica().Flush(t.Context()))
	require.NoError(t, os.Chmod(path, 0o444))
	require.NoError(t, os.Chmod(s.dir, 0o555))
	defer func() { _ = os.Chmod(s.dir, 0o755) }()
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, inUse := range []bool{true, false} {
		if !inUse {
			require.NoError(t, j.Close())
			before, err = os.ReadFile(path)
			require.NoError(t, err)
		}
		for args, want := range map[string]string{
			"get r k": "v", "ls r": "k", "export r": `{"key":"k","value":"v"}`, "inspect r": "mine", "clock r": "/",
			"objects r": "map", "diff r r": "", "list ls r todo": "", "dump r": "weir", "check r": "1 update",
		} {
			out, errs := s.run(strings.Fields(args)...)
			assert.Contains(t, out, want, args)
			assert.Empty(t, errs, args)
		}
		for _, args := range []string{"set r k 1", "load r", "compact r", "watch r", "check r --repair", "sync r r2"} {
			_, errs := s.run(strings.Fields(args)...)
			assert.Contains(t, errs, "r cannot be written: permission denied\nhint: get, ls, ", args)
		}
	}
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, before, after)
	names, err := os.ReadDir(s.dir)
	require.NoError(t, err)
	assert.Len(t, names, 1)

	require.NoError(t, os.Chmod(path, 0))
	_, errs := s.run("get", "r", "k")
	assert.Contains(t, errs, "open r: permission denied\nhint: may this user read and write there?")
	_, errs = s.run("set", "r", "k", "1")
	assert.Contains(t, errs, "r cannot be written: permission denied\nhint: may this user read and write there?")
}
