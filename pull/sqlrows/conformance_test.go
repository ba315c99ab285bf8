package sqlrows_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/pull/sqlrows"
)

func number(rows *sql.Rows) (n int, err error) {
	err = rows.Scan(&n)
	return n, err
}

func scanPanics(*sql.Rows) (int, error) { panic("scan") }

type scanner = func(*sql.Rows) (int, error)

// A lazy database is opened when it is asked.
type lazy struct {
	f  *fake
	db *sql.DB
}

func (l *lazy) QueryContext(
	ctx context.Context, query string, args ...any,
) (*sql.Rows, error) {
	l.db = l.f.db()
	return l.db.QueryContext(ctx, query, args...)
}

func (l *lazy) close() {
	if l.db != nil {
		_ = l.db.Close()
	}
}

// A fixture is sources over databases of their own, which go with the source.
type fixture struct {
	fake  fake // a model for each
	made  []*fake
	query func(db sqlrows.Queryer, scan scanner) pull.Source[int]
}

func (x *fixture) fresh(scan scanner) func() pull.Source[int] {
	return func() pull.Source[int] {
		f := x.fake
		x.made = append(x.made, &f)
		db := &lazy{f: &f}
		src := x.query(db, scan)
		return pull.From(src, func(cause error) error {
			defer db.close()
			return pull.Abort(src, cause)
		})
	}
}

func (x *fixture) held() (n int) {
	for _, f := range x.made {
		n += f.open
	}
	return n
}

func (x *fixture) check(t *testing.T, opts pulltest.SourceOptions[int]) {
	opts.Held = x.held
	opts.Panic = x.fresh(scanPanics)
	if x.fake.n > 0 {
		opts.Want = []int{0, 1, 2}
	}
	opts.Stalls, opts.End = x.fake.stalls, x.fake.end
	pulltest.Source(t, x.fresh(number), opts)
}

func TestConformance(t *testing.T) {
	t.Run("Query", func(t *testing.T) {
		for _, f := range []fake{{n: 3}, {n: 3, end: errBoom}, {n: 3, stalls: true}} {
			x := &fixture{fake: f, query: func(db sqlrows.Queryer, scan scanner) pull.Source[int] {
				return sqlrows.Query(db, scan, "all")
			}}
			x.check(t, pulltest.SourceOptions[int]{})
		}
	})
	t.Run("Rows", func(t *testing.T) {
		for _, f := range []fake{{n: 3}, {n: 3, end: errBoom}} {
			x := &fixture{fake: f, query: func(db sqlrows.Queryer, scan scanner) pull.Source[int] {
				rows, err := db.QueryContext(context.Background(), "all")
				if err != nil {
					panic(err)
				}
				return sqlrows.Rows(rows, scan)
			}}
			x.check(t, pulltest.SourceOptions[int]{Holds: true})
		}
	})
}
