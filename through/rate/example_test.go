package rate_test

import (
	"context"
	"fmt"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/rate"
)

func ExampleLimit() {
	perSecond := rate.NewLimiter(1000, 1)
	src := rate.Limit(pull.Values("a", "b", "c"), perSecond)
	fmt.Println(pull.Collect(context.Background(), src))
	// Output: [a b c] <nil>
}

func ExampleLimitBy() {
	bytes := rate.NewLimiter(1<<20, 64<<10) // a MiB a second, 64 KiB of it at once
	chunks := pull.Values(make([]byte, 32<<10), make([]byte, 32<<10))
	src := rate.LimitBy(chunks, bytes, func(chunk []byte) int { return len(chunk) })
	n, err := pull.Len(context.Background(), src)
	fmt.Println(n, "chunks", err)
	// Output: 2 chunks <nil>
}
