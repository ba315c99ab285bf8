package journal_test

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/journal"
	"github.com/weir-go/weir/through/frame"
)

// signedWith is how a signed replica is opened on a disk with a key.
func (d *disk) signedWith(letter string) journal.Config {
	cfg := d.config()
	cfg.Signed = func(rc *replicate.Config) error {
		if letter == "" {
			return errors.New("no key")
		}
		rc.Key = ed25519.NewKeyFromSeed([]byte(strings.Repeat(letter, ed25519.SeedSize)))
		return nil
	}
	return cfg
}

// A signed replica keeps its author while its key is the same, and takes
// another with another key. Signatures outlive compaction.
func TestSigned(t *testing.T) {
	d := newDisk()
	meta := journal.Meta{Label: "l", Signed: true}
	require.NoError(t, journal.Create(path, meta, d.config()))
	j := open(t, path, d.signedWith("a"))
	assert.Equal(t, meta, j.Meta())
	set(t, j, "a", 1)
	set(t, j, "b", 1)
	author := j.Replica().Author()
	require.NoError(t, j.Close())

	j = open(t, path, d.signedWith("a"))
	assert.Equal(t, author, j.Replica().Author())
	set(t, j, "a", 2)
	_, err := j.Compact(t.Context(), nil)
	require.NoError(t, err)
	require.NoError(t, j.Close())

	j = open(t, path, d.signedWith("b"))
	assert.Contains(t, j.Recovery().Reason, "another key")
	require.NotEqual(t, author[:32], j.Replica().Author()[:32])
	set(t, j, "c", 3)
	require.NoError(t, j.Close())

	j = open(t, path, d.config()) // reads without a key, and writes nothing
	assert.Len(t, contents(t, j.Replica()), 3)
	for _, u := range j.Replica().Live() {
		require.NoError(t, u.Verify())
	}
	require.ErrorIs(t, mapOf(t, j.Replica()).Set("d", 1), replicate.ErrUnsigned)
	require.NoError(t, j.Close())

	_, err = journal.Open(t.Context(), path, d.signedWith(""))
	require.ErrorContains(t, err, "no key")
	require.NoError(t, journal.Fork(t.Context(), path, "fork", d.config()))
	rec, err := journal.Check(t.Context(), "fork", d.config())
	require.NoError(t, err)
	require.True(t, rec.Meta.Signed)
}

// A file that somebody who can compute checksums has edited is found out where
// signatures are verified, and repaired.
func TestSignatureInFile(t *testing.T) {
	d := newDisk()
	require.NoError(t, journal.Create(path, journal.Meta{Signed: true}, d.config()))
	j := open(t, path, d.signedWith("a"))
	set(t, j, "a", 1)
	set(t, j, "forged", 2)
	require.NoError(t, j.Close())
	cfg := d.config()
	cfg.Verify = true
	rec, err := journal.Check(t.Context(), path, cfg)
	require.NoError(t, err)
	require.Equal(t, 2, rec.Live)

	data := d.names[path].data
	for at := 0; at < len(data); {
		payload, n, err := frame.Parse(data[at:], len(data))
		require.NoError(t, err)
		if i := strings.Index(string(payload), "forged"); i >= 0 {
			payload[i] = 'F'
			copy(data[at:], frame.Append(nil, payload))
		}
		at += n
	}
	d.put(path, data)
	_, err = journal.Check(t.Context(), path, d.config())
	require.NoError(t, err, "checksums are right")
	_, err = journal.Check(t.Context(), path, cfg)
	require.ErrorIs(t, err, replicate.ErrSignature)
	require.ErrorIs(t, err, replicate.ErrCorrupt)
	rec, err = journal.Repair(t.Context(), path, cfg)
	require.NoError(t, err)
	require.NotEmpty(t, rec.Saved)
	rec, err = journal.Check(t.Context(), path, cfg)
	require.NoError(t, err)
	require.Equal(t, 1, rec.Live)
}

// Meta has no flags, or the one that there is.
func TestMetaFlags(t *testing.T) {
	for flags, ok := range map[string]bool{"": true, "\x01": true, "\x02": false, "\x00": false, "\x01\x01": false} {
		d := newDisk()
		require.NoError(t, journal.Create(path, journal.Meta{}, d.config()))
		data := d.names[path].data
		_, head, err := frame.Parse(data, len(data))
		require.NoError(t, err)
		data = append(data[:head:head], frame.Append(nil, []byte("\x40\x00\x00"+flags))...)
		data = append(data, frame.Append(nil, []byte{0x53, byte(len(data))})...)
		d.put(path, data)
		rec, err := journal.Check(t.Context(), path, d.config())
		require.Equal(t, ok, err == nil, "%q: %v", flags, err)
		require.Equal(t, flags == "\x01", rec.Meta.Signed && err == nil)
	}
}
