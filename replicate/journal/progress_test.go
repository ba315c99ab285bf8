package journal_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/weir-go/weir/replicate/journal"
)

// big makes a file of a megabyte, all of it live.
func big(t testing.TB, d *disk) journal.Config {
	cfg := quiet(d.config())
	j := create(t, path, cfg)
	for i := range 20_000 {
		require.NoError(t, mapOf(t, j.Replica()).Set("a rather long key of number "+string(rune('A'+i)), i))
	}
	require.NoError(t, j.Close())
	require.Greater(t, len(d.names[path].data), 500<<10)
	return cfg
}

// Reading says how far it is, up to the end.
func TestProgress(t *testing.T) {
	d := newDisk()
	cfg := big(t, d)
	size := int64(len(d.names[path].data))
	for name, read := range map[string]func() error{
		"open": func() error {
			j, err := journal.Open(t.Context(), path, cfg)
			return errors.Join(err, j.Close())
		},
		"check": func() error {
			_, err := journal.Check(t.Context(), path, cfg)
			return err
		},
		"fork": func() error { return journal.Fork(t.Context(), path, "fork", cfg) },
	} {
		last, calls := int64(0), 0
		cfg.Progress = func(done, total int64) {
			assert.Greater(t, done, last, name)
			assert.Equal(t, size, total, name)
			last, calls = done, calls+1
		}
		require.NoError(t, read(), name)
		assert.Equal(t, size, last, name)
		assert.Greater(t, calls, 3, name)
	}
}

// Reading ends in the middle when its context does, and changes nothing.
func TestReadingIsInterrupted(t *testing.T) {
	d := newDisk()
	cfg := big(t, d)
	before := d.names[path].data
	stopped := errors.New("stopped")
	for name, read := range map[string]func(ctx context.Context) error{
		"open": func(ctx context.Context) error {
			_, err := journal.Open(ctx, path, cfg)
			return err
		},
		"check": func(ctx context.Context) error {
			_, err := journal.Check(ctx, path, cfg)
			return err
		},
		"repair": func(ctx context.Context) error {
			_, err := journal.Repair(ctx, path, cfg)
			return err
		},
		"fork": func(ctx context.Context) error { return journal.Fork(ctx, path, "fork", cfg) },
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cfg.Progress = func(done, total int64) {
			assert.Less(t, done, total/2, name)
			cancel(stopped)
		}
		require.ErrorIs(t, read(ctx), stopped, name)
		assert.Equal(t, before, d.names[path].data, name)
		assert.Len(t, d.names, 1, name)
	}
	cfg.Progress = nil
	j := open(t, path, cfg)
	assert.Equal(t, 20_000, j.Replica().Len())
	require.NoError(t, j.Close())
}
