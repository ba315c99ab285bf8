package main

import (
	"context"
	"iter"
)

//go:noinline
func countSeq(n int) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
	}
}

//go:noinline
func mapSeq(seq iter.Seq2[int, error], f func(int) int) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for v, err := range seq {
			if err != nil {
				yield(0, err)
				return
			}
			if !yield(f(v), nil) {
				return
			}
		}
	}
}

//go:noinline
func filterSeq(seq iter.Seq2[int, error], keep func(int) bool) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for v, err := range seq {
			if err != nil {
				yield(0, err)
				return
			}
			if keep(v) && !yield(v, nil) {
				return
			}
		}
	}
}

//go:noinline
func takeSeq(seq iter.Seq2[int, error], n int) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		left := n
		for v, err := range seq {
			if err != nil {
				yield(0, err)
				return
			}
			left--
			if !yield(v, nil) || left <= 0 {
				return
			}
		}
	}
}

//go:noinline
func sumSeq(seq iter.Seq2[int, error], f func(int, int) int) (int, error) {
	sum := 0
	for v, err := range seq {
		if err != nil {
			return sum, err
		}
		sum = f(sum, v)
	}
	return sum, nil
}

func chainSeq(context.Context) (int, error) {
	return sumSeq(takeSeq(filterSeq(mapSeq(countSeq(counted), triple), even), taken), add)
}

const chanSize = 64

func stage(work func(out chan<- int)) <-chan int {
	out := make(chan int, chanSize)
	go func() {
		defer close(out)
		work(out)
	}()
	return out
}

// send reports whether somebody still wants v.
func send(ctx context.Context, out chan<- int, v int) bool {
	select {
	case out <- v:
		return true
	case <-ctx.Done():
		return false
	}
}

func chainChan(ctx context.Context) (int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // stops the stages
	numbers := stage(func(out chan<- int) {
		for i := 0; i < counted && send(ctx, out, i); i++ {
			continue
		}
	})
	mapped := stage(func(out chan<- int) {
		for v := range numbers {
			if !send(ctx, out, triple(v)) {
				return
			}
		}
	})
	filtered := stage(func(out chan<- int) {
		for v := range mapped {
			if even(v) && !send(ctx, out, v) {
				return
			}
		}
	})
	sum := 0
	for range taken {
		sum = add(sum, <-filtered)
	}
	return sum, nil
}
