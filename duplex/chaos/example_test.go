package chaos_test

import (
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/weir-go/weir/duplex/chaos"
)

func ExamplePair() {
	// A line of 100 Mbit/s with a round trip of 20 ms.
	a, b := chaos.Pair(chaos.Symmetric(chaos.Link{
		Latency: 10 * time.Millisecond, Rate: 100e6 / 8,
	}))
	defer b.Close()
	start := time.Now()
	_, _ = a.Write([]byte("hello"))
	_ = a.Close() // what was written arrives all the same
	got, err := io.ReadAll(b)
	fmt.Printf("%s %v %v\n", got, err, time.Since(start) >= 10*time.Millisecond)
	// Output: hello <nil> true
}

func ExampleWrap() {
	inner, far := chaos.Pair(chaos.Config{}) // or a socket
	defer far.Close()
	c := chaos.Wrap(inner, chaos.Config{Out: chaos.Link{
		Faults: []chaos.Fault{{At: 7, Kind: chaos.Reset}},
	}})
	defer c.Close()
	_, _ = c.Write([]byte("seven bytes"))
	got, err := io.ReadAll(far)
	fmt.Printf("%s|%v\n", got, errors.Is(err, syscall.ECONNRESET))
	// Output: seven b|true
}

func ExampleLine_Stall() {
	a, b := chaos.Pair(chaos.Config{})
	defer a.Close()
	defer b.Close()
	a.Out().Stall()
	_, _ = a.Write([]byte("late"))
	_ = b.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := b.Read(make([]byte, 4))
	fmt.Println(err)

	a.Out().Resume()
	_ = b.SetReadDeadline(time.Time{})
	n, err := b.Read(make([]byte, 4))
	fmt.Println(n, err)
	// Output:
	// read chaos b->a: i/o timeout
	// 4 <nil>
}
