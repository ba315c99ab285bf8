package sqlrows_test

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/sqlrows"
)

func ExampleQuery() {
	db := (&fake{n: 3}).db() // sql.Open("postgres", …)
	defer db.Close()
	numbers := sqlrows.Query(db, func(rows *sql.Rows) (n int, err error) {
		err = rows.Scan(&n)
		return n, err
	}, "SELECT n FROM numbers WHERE n < $1", 3)
	fmt.Println(pull.Collect(context.Background(), numbers))
	// Output: [0 1 2] <nil>
}

func ExampleRows() {
	db := (&fake{n: 3}).db()
	defer db.Close()
	rows, err := db.Query("SELECT n FROM numbers")
	if err != nil {
		fmt.Println(err)
		return
	}
	numbers := sqlrows.Rows(rows, func(rows *sql.Rows) (n int, err error) {
		err = rows.Scan(&n)
		return n, err
	})
	fmt.Println(pull.Find(context.Background(), numbers, func(n int) bool { return n == 1 }))
	// Output: 1 true <nil>
}
