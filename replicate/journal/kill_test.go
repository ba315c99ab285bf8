package journal_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/replicate/model"
)

// helperEnv has the test binary be the process that is killed.
const helperEnv = "WEIR_JOURNAL_HELPER"

// helper writes to the replica in the named file for ever, and prints each
// write once it is durable.
func helper(path string) error {
	j, err := journal.Open(context.Background(), path, mapConfig())
	if err != nil {
		return err
	}
	m, err := model.Open[int](j.Replica(), "")
	if err != nil {
		return err
	}
	for i := m.Len(); ; i++ {
		key := fmt.Sprint("key ", i)
		// Some batches are large, so that a kill can come in the middle.
		for n := range 1 + i%7*50 {
			if err := m.Set(fmt.Sprint("filler ", n), i); err != nil {
				return err
			}
		}
		if err := m.Set(key, i); err != nil {
			return err
		}
		if err := j.Replica().Flush(context.Background()); err != nil {
			return err
		}
		if _, err := fmt.Println(key); err != nil {
			return err
		}
	}
}

// A writer is killed again and again. Every write that it has confirmed is
// there, the file can be opened, and kills do not make authors.
func TestKills(t *testing.T) {
	kills := 12
	if os.Getenv("WEIR_LONG") != "" {
		kills = 200
	}
	path := filepath.Join(t.TempDir(), "r.weir")
	require.NoError(t, journal.Create(path, journal.Meta{}, mapConfig()))
	confirmed := map[string]bool{}
	torn := 0
	for i := range kills {
		for _, key := range killAfter(t, path, 1+i*7%5) {
			confirmed[key] = true
		}
		j := open(t, path, mapConfig())
		if j.Recovery().TornBytes > 0 {
			torn++
		}
		got := contents(t, j.Replica())
		for key := range confirmed {
			n, err := strconv.Atoi(strings.TrimPrefix(key, "key "))
			require.NoError(t, err)
			require.Contains(t, got, key)
			require.Equal(t, n, got[key])
		}
		require.NoError(t, j.Close())
	}
	j := open(t, path, mapConfig())
	authors := len(j.Replica().Clock())
	t.Logf("%d kills, %d writes, %d torn tails, %d authors", kills, len(confirmed), torn, authors)
	assert.GreaterOrEqual(t, len(confirmed), kills)
	assert.LessOrEqual(t, authors, 2+kills/10)
	require.NoError(t, j.Close())
}

// killAfter runs the helper until it has printed n lines, kills it, and
// returns all that it printed.
func killAfter(t *testing.T, path string, n int) (lines []string) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperEnv+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	scan := bufio.NewScanner(out)
	for scan.Scan() {
		if lines = append(lines, scan.Text()); len(lines) == n {
			require.NoError(t, cmd.Process.Kill())
		}
	}
	require.Error(t, cmd.Wait(), "it was killed")
	return lines
}
