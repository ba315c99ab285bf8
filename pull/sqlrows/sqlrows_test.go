package sqlrows_test

import (
	"context"
	"database/sql"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/sqlrows"
)

// all is the source of the fake's rows. Its database is closed at t's end.
func all(t *testing.T, f *fake) pull.Source[int] {
	db := f.db()
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return sqlrows.Query(db, number, "all")
}

func TestQueryAsksAtTheFirstCall(t *testing.T) {
	f := &fake{n: 2}
	src := all(t, f)
	require.Empty(t, f.asked)
	ctx, cancel := context.WithCancel(context.Background())
	v, err := src(ctx)
	cancel() // means nothing after the call
	require.NoError(t, err)
	require.Zero(t, v)
	require.Equal(t, 1, f.open)
	vs, err := pull.Collect(context.Background(), src)
	require.NoError(t, err)
	require.Equal(t, []int{1}, vs)
	require.Zero(t, f.open)
	require.Equal(t, []string{"all"}, f.asked)
}

func TestQueryAborted(t *testing.T) {
	f := &fake{n: 2}
	src := all(t, f)
	require.NoError(t, pull.Abort(src, errBoom))
	require.Empty(t, f.asked)

	src = all(t, f)
	_, err := src(context.Background())
	require.NoError(t, err)
	require.NoError(t, f.ctx.Err())
	require.NoError(t, pull.Abort(src, errBoom))
	require.Zero(t, f.open)
	require.Equal(t, errBoom, context.Cause(f.ctx))
}

func TestQueryFailures(t *testing.T) {
	src := all(t, &fake{refuse: errBoom})
	for range 2 {
		_, err := src(context.Background())
		require.Equal(t, errBoom, err)
	}
	f := &fake{n: 2, closing: errClose}
	src = all(t, f)
	_, err := src(context.Background())
	require.NoError(t, err)
	err = pull.Abort(src, errBoom)
	require.ErrorIs(t, err, errClose)
	require.ErrorIs(t, err, errBoom)

	f = &fake{n: 2}
	db := f.db()
	defer db.Close()
	src = sqlrows.Query(db, func(rows *sql.Rows) (int, error) {
		var n struct{}
		return 1, rows.Scan(&n)
	}, "all", 1, "two")
	v, err := src(context.Background())
	require.ErrorContains(t, err, "Scan")
	require.Zero(t, v)
	require.Zero(t, f.open)
}

func TestQueryInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{n: 1, stalls: true}
		db := f.db()
		defer db.Close()
		src := sqlrows.Query(db, number, "all")
		ctx, cancel := context.WithTimeoutCause(context.Background(), time.Second, errBoom)
		defer cancel()
		start := time.Now()
		vs, err := pull.Collect(ctx, src)
		require.Equal(t, errBoom, err)
		require.Equal(t, []int{0}, vs)
		require.Equal(t, time.Second, time.Since(start))
		synctest.Wait()
		require.Zero(t, f.open)
	})
}

func TestRowsAreHeldFromTheStart(t *testing.T) {
	f := &fake{n: 2}
	db := f.db()
	defer db.Close()
	rows, err := db.QueryContext(context.Background(), "all")
	require.NoError(t, err)
	require.True(t, rows.Next())
	src := sqlrows.Rows(rows, number)
	vs, err := pull.Collect(context.Background(), src)
	require.NoError(t, err)
	require.Equal(t, []int{1}, vs, "what is left")
	require.Zero(t, f.open)
}
