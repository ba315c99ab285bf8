package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/weir-go/weir/duplex"
)

// A line carries bytes both ways: a stream or a connection, one end of it. Each
// is used by one goroutine, for one of what it can do.
type line interface {
	// send sends chunk n times, and the end.
	send(ctx context.Context, chunk []byte, n int) error
	// receive waits for want bytes, and tells got of each piece.
	receive(ctx context.Context, want int, got func(n int)) error
	// ask sends request n times and waits each time for as much, then sends the
	// end; it tells lap how long each took.
	ask(ctx context.Context, request []byte, n int, lap func(time.Duration)) error
	// answer sends back what arrives, to the end.
	answer(ctx context.Context) error
	// drop lets go of the line, wherever it is.
	drop()
}

// A conn is a line that is written and read without more ado.
type conn struct{ net.Conn }

func (c conn) send(_ context.Context, chunk []byte, n int) error {
	for range n {
		if _, err := c.Write(chunk); err != nil {
			return err
		}
	}
	return c.Close()
}

func (c conn) receive(_ context.Context, want int, got func(int)) error {
	buf := make([]byte, min(want, chunkSize))
	for want > 0 {
		n, err := c.Read(buf)
		if err != nil {
			return err
		}
		got(n)
		want -= n
	}
	return c.Close()
}

func (c conn) ask(_ context.Context, request []byte, n int, lap func(time.Duration)) error {
	answer := make([]byte, len(request))
	for range n {
		start := time.Now()
		if _, err := c.Write(request); err != nil {
			return err
		}
		if _, err := io.ReadFull(c, answer); err != nil {
			return err
		}
		lap(time.Since(start))
	}
	return c.Close()
}

func (c conn) answer(context.Context) error {
	buf := make([]byte, chunkSize)
	for {
		n, err := c.Read(buf)
		if err == io.EOF {
			return c.Close()
		}
		if err != nil {
			return err
		}
		if _, err := c.Write(buf[:n]); err != nil {
			return err
		}
	}
}

func (c conn) drop() { _ = c.Close() }

// A duo is a duplex as a line.
type duo duplex.Duplex[[]byte, []byte]

func (d duo) drop() { _ = duplex.Duplex[[]byte, []byte](d).Close(nil) }

func (d duo) send(ctx context.Context, chunk []byte, n int) error {
	return d.Sink(ctx, func(context.Context) ([]byte, error) {
		if n == 0 {
			return nil, io.EOF
		}
		n--
		return chunk, nil
	})
}

func (d duo) receive(ctx context.Context, want int, got func(int)) error {
	for sum := 0; ; {
		chunk, err := d.Source(ctx)
		if err == io.EOF && sum != want {
			return fmt.Errorf("the end came after %d bytes, not %d", sum, want)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		got(len(chunk))
		sum += len(chunk)
	}
}

func (d duo) ask(ctx context.Context, request []byte, n int, lap func(time.Duration)) error {
	var start time.Time
	err := d.Sink(ctx, func(ctx context.Context) ([]byte, error) {
		if !start.IsZero() {
			if err := d.await(ctx, len(request)); err != nil {
				return nil, err
			}
			lap(time.Since(start))
		}
		if n == 0 {
			return nil, io.EOF
		}
		n--
		start = time.Now()
		return request, nil
	})
	if err != nil {
		return err
	}
	return d.receive(ctx, 0, func(int) {})
}

// await reads n bytes, and no more come.
func (d duo) await(ctx context.Context, n int) error {
	for n > 0 {
		p, err := d.Source(ctx)
		if err != nil {
			return fmt.Errorf("%d bytes of an answer are missing: %w", n, err)
		}
		n -= len(p)
	}
	return nil
}

func (d duo) answer(ctx context.Context) error { return d.Sink(ctx, d.Source) }
