package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/weir-go/weir/pull/httpstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A list is a peer, as one sees it who looks at its letters and moves them.
type list interface {
	letters(t *testing.T) string
	move(t *testing.T, letter string, up bool)
}

// A site is a list of this program's, by its port.
type site string

var row = regexp.MustCompile(`action="/move\?id=(\w+)">\n<span>(.)</span>`)

// rows returns the ids and the letters in a page.
func rows(page string) (ids, letters []string) {
	for _, match := range row.FindAllStringSubmatch(page, -1) {
		ids, letters = append(ids, match[1]), append(letters, match[2])
	}
	return ids, letters
}

func (s site) letters(t *testing.T) string {
	_, letters := rows(get(t, "http://127.0.0.1:"+string(s)))
	return strings.Join(letters, "")
}

func (s site) move(t *testing.T, letter string, up bool) {
	ids, letters := rows(get(t, "http://127.0.0.1:"+string(s)))
	by := "1"
	if up {
		by = "-1"
	}
	require.Equal(t, http.StatusNoContent, s.post(t, ids[slices.Index(letters, letter)], by))
}

func (s site) post(t *testing.T, id, by string) (status int) {
	res, err := http.PostForm("http://127.0.0.1:"+string(s)+"/move?id="+id, url.Values{"by": {by}})
	require.NoError(t, err)
	defer res.Body.Close()
	return res.StatusCode
}

// A node is a list of testdata/peer.js.
type node string

func (n node) letters(t *testing.T) string { return get(t, "http://127.0.0.1:"+string(n)) }

func (n node) move(t *testing.T, letter string, up bool) {
	way := "/down/"
	if up {
		way = "/up/"
	}
	get(t, "http://127.0.0.1:"+string(n)+way+letter)
}

func get(t *testing.T, url string) string {
	res, err := http.Get(url)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(text)
}

func start(t *testing.T, peers ...string) site {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- newPeer(io.Discard).run(ctx, l, peers) }()
	t.Cleanup(func() {
		cancel()
		http.DefaultClient.CloseIdleConnections()
		require.ErrorIs(t, <-done, http.ErrServerClosed)
		http.DefaultClient.CloseIdleConnections()
	})
	return site(port)
}

// startNode skips the test where npm's package is not found by NODE_PATH, unless
// WEIR_REQUIRE_NODE is set.
func startNode(t *testing.T, peers ...string) node {
	t.Helper()
	need := t.Skipf
	if os.Getenv("WEIR_REQUIRE_NODE") != "" {
		need = t.Fatalf
	}
	if err := exec.Command("node", "-e", "require('crdt')").Run(); err != nil {
		need("node with npm's crdt in NODE_PATH is needed: %v", err)
	}
	c := exec.Command("node", append([]string{"testdata/peer.js", "0"}, peers...)...)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	return node(strings.TrimSpace(strings.TrimPrefix(line, "listening on ")))
}

func allShow(t *testing.T, lists []list, want string) {
	t.Helper()
	for _, one := range lists {
		require.Eventually(t, func() bool { return one.letters(t) == want },
			30*time.Second, 5*time.Millisecond, "%T %v does not show %s", one, one, want)
	}
}

// What is moved at one of them is moved at all.
func testMoves(t *testing.T, lists []list) {
	require.Eventually(t, func() bool { return len(lists[0].letters(t)) == 7 }, 30*time.Second, time.Millisecond)
	want := []byte(lists[0].letters(t))
	allShow(t, lists, string(want))
	sorted := slices.Clone(want)
	slices.Sort(sorted)
	require.Equal(t, "abcdefg", string(sorted))
	for range 2 {
		for _, one := range lists {
			one.move(t, string(want[3]), true)
			want[2], want[3] = want[3], want[2]
			allShow(t, lists, string(want))
			one.move(t, string(want[5]), false)
			want[5], want[6] = want[6], want[5]
			allShow(t, lists, string(want))
		}
	}
}

func TestMoves(t *testing.T) {
	a := start(t)
	b := start(t, string(a))
	require.NoError(t, seed(t.Context(), string(a)))
	testMoves(t, []list{a, b})

	// The first cannot go up, nor the last down.
	ids, letters := rows(get(t, "http://127.0.0.1:"+string(a)))
	a.move(t, letters[0], true)
	a.move(t, letters[6], false)
	require.Equal(t, strings.Join(letters, ""), a.letters(t))
	for _, wrong := range [][2]string{{"nobody", "1"}, {ids[0], ""}} {
		require.Equal(t, http.StatusBadRequest, a.post(t, wrong[0], wrong[1]))
	}
}

// The one in the middle is npm's, which has joined one and is joined by the other.
func TestNodeMoves(t *testing.T) {
	a := start(t)
	b := startNode(t, string(a))
	c := start(t, string(b))
	require.NoError(t, seed(t.Context(), string(b)))
	testMoves(t, []list{a, b, c})
}

// A page that is open is sent the letters whenever they have changed.
func TestPageIsLive(t *testing.T) {
	a := start(t)
	req, err := http.NewRequest(http.MethodGet, "http://127.0.0.1:"+string(a)+"/rank", nil)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	events := httpstream.DecodeEvents(httpstream.Get(nil, req), 0)
	shown := make(chan string)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for e, err := range events.All(ctx) {
			if err != nil {
				return
			}
			_, letters := rows(e.Data)
			select {
			case shown <- strings.Join(letters, ""):
			case <-ctx.Done():
			}
		}
	}()
	require.NoError(t, seed(t.Context(), string(a)))
	for want := a.letters(t); <-shown != want; {
	}
	first := a.letters(t)
	a.move(t, first[1:2], true)
	for want := first[1:2] + first[:1] + first[2:]; <-shown != want; {
	}
	cancel()
	<-ended
}
