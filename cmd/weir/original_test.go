package main

import (
	"bufio"
	"io"
	"net"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// original NAME VARIABLE|ADDRESS [WORDS] does what npm's scuttlebutt does, as a
// program that can be awaited: it listens, with its address in the variable, or
// connects to the address. On each connection it says the words, or else its header
// and SYNC, tells "ended" at the other side's end or "cut" if there is none, and then
// ends its own.
func cmdOriginal(ts *testscript.TestScript, _ bool, args []string) {
	words := `{"id":"ORIGINAL","clock":{}}\n"SYNC"\n`
	if len(args) > 2 {
		words = args[2]
	}
	words = strings.ReplaceAll(words, `\n`, "\n")
	p := &started{more: make(chan struct{})}
	ts.Value("started").(map[string]*started)[args[0]] = p
	r, w := io.Pipe()
	ts.Defer(func() { _ = w.Close() })
	go p.read(r)
	if conn, err := net.Dial("tcp", args[1]); err == nil {
		ts.Defer(func() { _ = conn.Close() })
		go original(conn, words, w)
		return
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = ln.Close() })
	ts.Setenv(args[1], ln.Addr().String())
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go original(conn, words, w)
		}
	}()
}

func original(conn net.Conn, words string, told io.Writer) {
	defer conn.Close()
	_, err := io.WriteString(conn, words)
	lines := bufio.NewScanner(conn)
	for err == nil && lines.Scan() {
		_, err = io.WriteString(told, lines.Text()+"\n")
	}
	last := "ended\n"
	if err != nil || lines.Err() != nil {
		last = "cut\n"
	}
	_, _ = io.WriteString(told, last)
}
