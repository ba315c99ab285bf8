// Package sqlrows makes sources of the rows of database/sql.
//
// [Query] is the source to use: it asks when it is first read, and can be
// interrupted. [Rows] is for rows that are there already. Both scan a row in
// each call, read nothing ahead, and close the rows however the source ends.
// A failure is an error of the database, or of scan, as it is.
package sqlrows

import (
	"context"
	"database/sql"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/internal/hook"
)

// A Queryer is asked: a *sql.DB, a *sql.Conn or a *sql.Tx.
type Queryer interface {
	// QueryContext asks query, with args for its placeholders. A ctx that
	// becomes done afterwards ends the rows.
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Query is the source of the rows with which db answers query, each made a T by
// scan, which calls rows.Scan and nothing else of rows. Args are for the
// placeholders of query, in order. The first call asks; from then on the source
// holds a connection of the database until it has ended, so it must be read to
// its end or aborted.
//
// The question is asked under a context of its own, which carries the values of
// the first call's and is cancelled by an abort and by a context that becomes
// done during a call: how soon that returns is up to the driver. A panic of scan
// reaches the caller, and the rows are closed in the next call.
func Query[T any](
	db Queryer, scan func(rows *sql.Rows) (T, error), query string, args ...any,
) pull.Source[T] {
	s := &question[T]{db: db, query: query, args: args}
	s.hook = hook.New(func(ctx context.Context) { s.cancel(pull.Cause(ctx)) })
	s.scan = scan
	return pull.From(s.next, s.release)
}

type question[T any] struct {
	reader[T]
	db     Queryer
	query  string
	args   []any
	hook   *hook.Hook
	own    context.Context // of the question; nil until the first call
	cancel context.CancelCauseFunc
}

func (s *question[T]) next(ctx context.Context) (v T, err error) {
	if s.own == nil {
		s.own, s.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	}
	s.hook.Enter(ctx)
	defer func() {
		if s.hook.Leave() {
			// The rows are cancelled, even where there is one in hand.
			var zero T
			v, err = zero, pull.Cause(ctx)
		}
	}()
	if s.rows == nil {
		if s.rows, err = s.db.QueryContext(s.own, s.query, s.args...); err != nil {
			return v, err
		}
	}
	return s.reader.next(ctx)
}

func (s *question[T]) release(cause error) error {
	if s.own == nil {
		return nil
	}
	s.hook.Close()
	defer s.cancel(cause)
	if s.rows == nil {
		return nil
	}
	return s.reader.release(cause)
}

// Rows is the source of what is left of rows, each made a T by scan. It holds
// rows from the start, and closes them at its end: it must be aborted even if
// it is never read. A wait for the next row cannot be interrupted, except by the
// context under which rows were asked for.
func Rows[T any](rows *sql.Rows, scan func(rows *sql.Rows) (T, error)) pull.Source[T] {
	r := &reader[T]{rows: rows, scan: scan}
	return pull.From(r.next, r.release)
}

type reader[T any] struct {
	rows *sql.Rows
	scan func(rows *sql.Rows) (T, error)
}

func (r *reader[T]) next(context.Context) (T, error) {
	var zero T
	if r.rows.Next() {
		v, err := r.scan(r.rows)
		if err != nil {
			return zero, err
		}
		return v, nil
	}
	if err := r.rows.Err(); err != nil {
		return zero, err
	}
	return zero, io.EOF
}

func (r *reader[T]) release(error) error { return r.rows.Close() }
