// Package bodies links programs over the bodies of HTTP requests and answers.
//
// Who joins puts: what it sends is the request's body, what it receives the answer's,
// and both go on for as long as the link does. So a link passes where HTTP does, and a
// program in Node that pipes a request into a stream and that into the answer is
// another end of it.
package bodies

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/httpstream"
)

// A Link keeps something equal to what is at the other end, until one of the two has
// gone.
type Link func(ctx context.Context, d duplex.Duplex[[]byte, []byte]) error

// Handler answers who joins with its end of a link.
func Handler(link Link) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d := duplex.Duplex[[]byte, []byte]{Source: httpstream.Request(w, r), Sink: httpstream.Response(w)}
		if err := link(r.Context(), d); err != nil {
			panic(http.ErrAbortHandler) // so that the other end does not take it for the end
		}
	})
}

// Put joins what answers at url. The request is sent when the source is first read. It
// returns an error for what is no URL.
func Put(url string) (d duplex.Duplex[[]byte, []byte], err error) {
	body, w := io.Pipe()
	req, err := http.NewRequest(http.MethodPut, url, body)
	if err != nil {
		return d, err
	}
	d.Source = httpstream.Get(nil, req)
	d.Sink = func(ctx context.Context, src pull.Source[[]byte]) error {
		err := pull.Writer(w)(ctx, src)
		_ = w.CloseWithError(err) // nil is the end of the body
		return err
	}
	return d, nil
}

var errEnded = errors.New("the other end has gone")

// Keep stays linked until ctx is done. When the other end has gone, or has cut a
// request that takes longer than five minutes, as Node does, it tries again each
// second. It says to log why there is no link, once if it is the same again.
func Keep(ctx context.Context, url string, link Link, log io.Writer) {
	said := ""
	for ctx.Err() == nil {
		d, err := Put(url)
		if err == nil {
			err = cmp.Or(link(ctx, d), errEnded)
		}
		if line := fmt.Sprintf("%s: %v", url, err); line != said && ctx.Err() == nil {
			fmt.Fprintln(log, line)
			said = line
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// Serve has h answer at a listener until ctx is done, which ends links too.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	var closing sync.WaitGroup
	defer closing.Wait()
	defer cancel()
	server := &http.Server{Handler: h, BaseContext: func(net.Listener) context.Context { return ctx }}
	closing.Go(func() {
		<-ctx.Done()
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = server.Shutdown(late) // waits for what is answered,
		_ = server.Close()        // but not for who has connected and says nothing
	})
	return server.Serve(l)
}
