package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/weir-go/weir/duplex/netconn"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/npm"
)

// npmLines is what replicate/npm does, beside npm's scuttlebutt doing the same
// with itself: a fresh sync in either direction, and dumps. Where each end has a
// processor, whoever receives from Node waits for it, which npm-in-floor shows; what
// receiving costs, npm-in-cpu does: the CPU time of the receiver alone.
func npmLines(n *node, missing error, keys int) []work {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("weir-compare-%d", os.Getpid()))
	f := &npmFixture{node: n, keys: keys, dir: dir}
	beside := func(name, what, where string, ours contender) work {
		theirs := &script{node: n, what: what, keys: keys, where: where}
		w := gauges(name, "ns", keys, ours, peer{name: "npm " + npmScuttlebutt, run: theirs.again, goal: 1})
		w.end = func() error { return errors.Join(theirs.end(), f.end()) }
		return skippable(w, missing)
	}
	in := beside("npm-in", "scuttlebutt", "", f.in(wall))
	in.peers = append(in.peers, peer{name: "a receiver that only reads", row: "npm-in-floor", run: f.read})
	share := beside("npm-in-cpu", "scuttlebutt", "", f.in(cpu))
	theirs := &script{node: n, what: "scuttlebutt", keys: keys, cpu: true}
	share.unit, share.peers[0].run = "ns CPU", theirs.again
	share.end = func() error { return errors.Join(theirs.end(), f.end()) }
	return []work{
		in, share,
		beside("npm-out", "scuttlebutt", "", f.out),
		beside("npm-dump", "dump", filepath.Join(dir, "theirs"), f.dump),
		beside("npm-load", "load", filepath.Join(dir, "ours"), f.load),
	}
}

// npmFixture has a model here, and one in Node, of so many keys.
type npmFixture struct {
	node *node
	keys int
	dir  string // of dumps

	full     *npm.Scuttlebutt
	served   *script // that another fetches from
	port     string
	listener *netconn.Listener
	fetching *script // that fetches from here
}

func newScuttlebutt() (*npm.Scuttlebutt, error) {
	r := replicate.New(replicate.Config{Types: npm.Types()})
	return npm.Open(r, npm.ModelType, "", npm.Config{})
}

// filled returns the model of all keys.
func (f *npmFixture) filled() (*npm.Scuttlebutt, error) {
	if f.full != nil {
		return f.full, nil
	}
	s, err := newScuttlebutt()
	if err != nil {
		return nil, err
	}
	m, err := npm.NewModel[string](s)
	for i := 0; i < f.keys && err == nil; i++ {
		err = m.Set(keyOf(i), valueOf(i))
	}
	f.full = s
	return s, err
}

// check wants all keys.
func (f *npmFixture) check(s *npm.Scuttlebutt) error {
	if n := s.Replica().Len(); n != f.keys {
		return fmt.Errorf("%d keys arrived, not %d", n, f.keys)
	}
	return nil
}

// serve has Node serve what is fetched.
func (f *npmFixture) serve(ctx context.Context) error {
	if f.served != nil {
		return nil
	}
	s := &script{node: f.node, what: "serveScuttlebutt", keys: f.keys}
	if err := s.start(ctx); err != nil {
		return err
	}
	f.served = s
	s.out.Scan()
	f.port = strings.TrimSpace(s.out.Text())
	return nil
}

// in fetches from Node.
func (f *npmFixture) in(by meter) contender {
	return func(ctx context.Context) (int, error) {
		if err := f.serve(ctx); err != nil {
			return 0, err
		}
		s, err := newScuttlebutt()
		if err != nil {
			return 0, err
		}
		took, err := by(func() error {
			d, err := netconn.Dial(ctx, "tcp", "127.0.0.1:"+f.port)
			if err != nil {
				return err
			}
			return s.NewSession(npm.SyncConfig{Once: true}).Run(ctx, d)
		})
		return int(took), errors.Join(err, f.check(s))
	}
}

// read reads what Node sends, in pieces that are as large as those of in, and does
// nothing with it.
func (f *npmFixture) read(ctx context.Context) (int, error) {
	if err := f.serve(ctx); err != nil {
		return 0, err
	}
	return elapsed(func() error {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:"+f.port)
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := io.WriteString(c, `{"id":"reader","clock":{}}`+"\n\"SYNC\"\n"); err != nil {
			return err
		}
		buf, sync := make([]byte, chunkSize), []byte("\n\"SYNC\"\n")
		for kept := 0; ; {
			time.Sleep(gather)
			n, err := c.Read(buf[kept:])
			if err != nil {
				return fmt.Errorf("SYNC is missing: %w", err)
			}
			if n += kept; bytes.HasSuffix(buf[:n], sync) {
				return nil
			}
			kept = copy(buf, buf[max(0, n-len(sync)):n])
		}
	})
}

const gather = time.Millisecond // in which bytes come together

// out has Node fetch from here; it says how long it took.
func (f *npmFixture) out(ctx context.Context) (int, error) {
	s, err := f.filled()
	if err != nil {
		return 0, err
	}
	if f.listener == nil {
		if f.listener, err = netconn.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
			return 0, err
		}
		_, port, _ := strings.Cut(f.listener.Addr().String(), ":")
		f.fetching = &script{node: f.node, what: "scuttlebutt", keys: f.keys, where: port}
	}
	served := make(chan error, 1)
	go func() {
		c, err := f.listener.Accept(ctx)
		if err == nil {
			_ = netconn.Tune(c)
			// Node hangs up when it has all.
			_ = s.NewSession(npm.SyncConfig{}).Run(ctx, netconn.New(c))
		}
		served <- err
	}()
	took, err := f.fetching.again(ctx)
	return took, errors.Join(err, <-served)
}

// dump writes a file.
func (f *npmFixture) dump(ctx context.Context) (took int, err error) {
	s, err := f.filled()
	if err == nil {
		err = os.MkdirAll(f.dir, 0o700)
	}
	if err != nil {
		return 0, err
	}
	file, err := os.Create(filepath.Join(f.dir, "ours"))
	if err != nil {
		return 0, err
	}
	took, err = elapsed(func() error { return pull.Writer(file)(ctx, s.Dump()) })
	return took, errors.Join(err, file.Close())
}

// load reads that file, as Node does.
func (f *npmFixture) load(ctx context.Context) (int, error) {
	if _, err := f.dump(ctx); err != nil {
		return 0, err
	}
	file, err := os.Open(filepath.Join(f.dir, "ours"))
	if err != nil {
		return 0, err
	}
	defer file.Close()
	s, err := newScuttlebutt()
	if err != nil {
		return 0, err
	}
	took, err := elapsed(func() error {
		_, err := s.Load(ctx, pull.Reader(file))
		return err
	})
	return took, errors.Join(err, f.check(s))
}

// end ends the processes that were started.
func (f *npmFixture) end() error {
	err := os.RemoveAll(f.dir)
	for _, s := range []*script{f.served, f.fetching} {
		if s != nil {
			err = errors.Join(err, s.end())
		}
	}
	f.served, f.fetching = nil, nil
	if f.listener != nil {
		err = errors.Join(err, f.listener.Close())
		f.listener = nil
	}
	return err
}
