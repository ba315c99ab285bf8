package sqlrows_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	errBoom  = errors.New("boom")
	errClose = errors.New("close failed")
)

// A fake is a database whose one table has the rows 0, 1, … n-1. It answers
// any query.
type fake struct {
	n       int
	end     error // after the last row; nil means io.EOF
	stalls  bool  // the row after the last one never comes
	refuse  error // what a query fails with
	closing error // what closing the rows fails with

	asked []string
	open  int             // rows that are not closed
	ctx   context.Context // of the last query
}

// db returns the fake as a database. It must be closed.
func (f *fake) db() *sql.DB { return sql.OpenDB(f) }

func (f *fake) Connect(context.Context) (driver.Conn, error) { return conn{f}, nil }
func (f *fake) Driver() driver.Driver                        { return nil }

type conn struct{ f *fake }

func (c conn) Prepare(string) (driver.Stmt, error) { return nil, errors.ErrUnsupported }
func (c conn) Begin() (driver.Tx, error)           { return nil, errors.ErrUnsupported }
func (c conn) Close() error                        { return nil }

func (c conn) QueryContext(
	ctx context.Context, query string, _ []driver.NamedValue,
) (driver.Rows, error) {
	c.f.asked, c.f.ctx = append(c.f.asked, query), ctx
	if c.f.refuse != nil {
		return nil, c.f.refuse
	}
	c.f.open++
	return &rows{f: c.f, ctx: ctx}, nil
}

// rows honour the context of their query, as those of good drivers do.
type rows struct {
	f   *fake
	ctx context.Context
	i   int
}

func (r *rows) Columns() []string { return []string{"n"} }
func (r *rows) Close() error      { r.f.open--; return r.f.closing }

func (r *rows) Next(dest []driver.Value) error {
	switch {
	case r.i < r.f.n:
		dest[0] = int64(r.i)
		r.i++
		return nil
	case r.f.stalls:
		<-r.ctx.Done()
		return r.ctx.Err()
	case r.f.end != nil:
		return r.f.end
	}
	return io.EOF
}
