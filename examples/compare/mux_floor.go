package main

import (
	"context"
	"io"
	"net"
)

// floor is what no session does without, over one stream: a header before each
// chunk, and a goroutine that reads the connection, into chunks that are the
// reader's to keep, and hands them over. It has no window, no end and no other
// stream.
func floor(chunks int) contender {
	return func(ctx context.Context) (int, error) {
		a, b, err := tcpPair(ctx)
		if err != nil {
			return 0, err
		}
		defer func() { _, _ = a.Close(), b.Close() }()
		took, err := cpu(func() error {
			arrived := make(chan []byte, 8) // a window of 256 KiB
			return all(3, func(i int) error {
				switch i {
				case 0:
					return sendFrames(a, chunks)
				case 1:
					defer close(arrived)
					return readFrames(b, chunks, arrived)
				}
				for range arrived {
				}
				return nil
			})
		})
		return int(took), err
	}
}

const headerSize = 12

func sendFrames(c net.Conn, n int) error {
	head, chunk := make([]byte, headerSize), make([]byte, chunkSize)
	for range n {
		frame := net.Buffers{head, chunk}
		if _, err := frame.WriteTo(c); err != nil {
			return err
		}
	}
	return nil
}

func readFrames(c net.Conn, n int, to chan<- []byte) error {
	head := make([]byte, headerSize)
	for range n {
		if _, err := io.ReadFull(c, head); err != nil {
			return err
		}
		chunk := make([]byte, chunkSize)
		if _, err := io.ReadFull(c, chunk); err != nil {
			return err
		}
		to <- chunk
	}
	return nil
}
