package main

import "iter"

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

func chainSeq(n int) (int, error) {
	return sumSeq(filterSeq(mapSeq(countSeq(n), triple), even), add)
}

// chainCalls is a loop that calls the chain's functions and nothing else: what
// is left of a chain when its stages cost nothing.
//
//go:noinline
func chainCalls(n int, f func(int) int, keep func(int) bool, fold func(int, int) int) int {
	sum := 0
	for i := range n {
		if v := f(i); keep(v) {
			sum = fold(sum, v)
		}
	}
	return sum
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

func chainChan(n int) int {
	counted := stage(func(out chan<- int) {
		for i := range n {
			out <- i
		}
	})
	mapped := stage(func(out chan<- int) {
		for v := range counted {
			out <- triple(v)
		}
	})
	filtered := stage(func(out chan<- int) {
		for v := range mapped {
			if even(v) {
				out <- v
			}
		}
	})
	sum := 0
	for v := range filtered {
		sum = add(sum, v)
	}
	return sum
}
