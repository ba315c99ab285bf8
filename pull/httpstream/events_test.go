package httpstream_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/httpstream"
)

type event = httpstream.Event

func decode(limit int, texts ...string) ([]event, error) {
	return pull.Collect(context.Background(), httpstream.DecodeEvents(chunks(texts...), limit))
}

func TestDecodeEvents(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []event
	}{
		"nothing":        {"", nil},
		"data":           {"data: a\n\n", []event{{Data: "a"}}},
		"no space":       {"data:a\n\n", []event{{Data: "a"}}},
		"one space only": {"data:  a \n\n", []event{{Data: " a "}}},
		"lines":          {"data: a\ndata\ndata: b\n\n", []event{{Data: "a\n\nb"}}},
		"empty data":     {"data\n\ndata:\n\n", []event{{}, {}}},
		"no data": {"event: x\nretry: 5\n\ndata: a\n\n",
			[]event{{Data: "a", Retry: 5 * time.Millisecond}}},
		"type": {"event: x\ndata: a\n\ndata: b\n\n",
			[]event{{Type: "x", Data: "a"}, {Data: "b"}}},
		"id stays": {"id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
			[]event{{ID: "7", Data: "a"}, {ID: "7", Data: "b"}, {Data: "c"}}},
		"id with a zero": {"id: 7\x00\ndata: a\n\n", []event{{Data: "a"}}},
		"bad retry": {"retry: 5s\nretry: -1\nretry: 99999999999999999999\n" +
			"retry: 9223372036854775807\ndata\n\n", []event{{}}},
		"comments": {": hello\n\n:\ndata: a\n: in between\n\n", []event{{Data: "a"}}},
		"unknown":  {"Data: a\nfoo: b\ndata : c\n\n", nil},
		"CR":       {"data: a\rdata: b\r\rdata: c\r\r", []event{{Data: "a\nb"}, {Data: "c"}}},
		"CRLF":     {"data: a\r\n\r\ndata: b\r\n\r\n", []event{{Data: "a"}, {Data: "b"}}},
		"mixed":    {"data: a\r\n\ndata: b\n\r\n", []event{{Data: "a"}, {Data: "b"}}},
		"byte order mark": {"\uFEFFdata: a\n\ndata: \uFEFFb\n\n",
			[]event{{Data: "a"}, {Data: "\uFEFFb"}}},
		"no UTF-8":          {"data: a\xffb\n\n", []event{{Data: "a\uFFFDb"}}},
		"a colon in it":     {"data: a:b\n\n", []event{{Data: "a:b"}}},
		"a comment at last": {"data: a\n\n: bye\n", []event{{Data: "a"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decode(0, c.text)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			// Where it is cut into chunks does not matter.
			got, err = decode(0, strings.Split(c.text, "")...)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			for i := range c.text {
				got, err = decode(0, c.text[:i], "", c.text[i:])
				require.NoError(t, err)
				require.Equal(t, c.want, got, i)
			}
		})
	}
}

func TestDecodeEventsCut(t *testing.T) {
	const text = "id: 1\r\ndata: a\r\n\r\n: c\nevent: x\ndata\n\n"
	first := strings.Index(text, ":") + len(": 1\r\ndata: a\r\n\r")
	for n := range len(text) {
		got, err := decode(0, text[:n])
		if n > first {
			require.Len(t, got, 1)
		}
		switch n {
		case 0, first, first + 1, first + len("\n: c\n"):
			require.NoError(t, err, "%q", text[:n])
		default:
			require.ErrorIs(t, err, io.ErrUnexpectedEOF, "%q", text[:n])
			var eerr *httpstream.EventError
			require.ErrorAs(t, err, &eerr)
			require.EqualValues(t, n, eerr.Offset)
		}
	}
}

func TestDecodeEventsHasALimit(t *testing.T) {
	const limit = 20
	_, err := decode(limit, "data: 90123\ndata: 90\n\n", "data: 901234567890\n\n")
	require.NoError(t, err)
	for _, text := range []string{
		"data: 901234567890123\n\n",
		"data: 90123\ndata: 9012\n\n",
		"data: 90123\nevent: 901\n\n",
		": a comment that is too long\n\n",
		strings.Repeat("x", 1000),
	} {
		for _, cut := range [][]string{{text}, strings.Split(text, "")} {
			_, err := decode(limit, cut...)
			require.ErrorIs(t, err, httpstream.ErrEventTooLong, text)
			var eerr *httpstream.EventError
			require.ErrorAs(t, err, &eerr)
			require.LessOrEqual(t, eerr.Offset, int64(limit+2))
		}
	}
	_, err = decode(0, "data: "+strings.Repeat("x", 1<<20)+"\n\n")
	require.ErrorIs(t, err, httpstream.ErrEventTooLong)
	endless := strings.Repeat(": comment\n", 1000)
	_, err = decode(limit, endless)
	require.NoError(t, err, "comments do not add up")
	require.Panics(t, func() { httpstream.DecodeEvents(chunks(), -1) })
}

func TestEncodeEventsRefuses(t *testing.T) {
	for _, bad := range []event{
		{ID: "a\nb"}, {ID: "a\rb"}, {ID: "a\x00b"}, {Type: "a\nb"}, {Type: "a\rb"},
	} {
		var cause error
		src := pull.From(pull.Values(event{Data: "ok"}, bad),
			func(c error) error { cause = c; return nil })
		got, err := pull.Collect(context.Background(), httpstream.EncodeEvents(src))
		require.Len(t, got, 1)
		require.ErrorIs(t, err, httpstream.ErrBadEvent)
		var eerr *httpstream.EventError
		require.ErrorAs(t, err, &eerr)
		require.EqualValues(t, len("data: ok\n\n"), eerr.Offset)
		require.Equal(t, err, cause)
	}
}

func TestEventsReleaseFailures(t *testing.T) {
	src := pull.From(func(context.Context) (event, error) { return event{Type: "\n"}, nil },
		func(error) error { return errClose })
	_, err := httpstream.EncodeEvents(src)(context.Background())
	require.ErrorIs(t, err, errClose)
	require.ErrorIs(t, err, httpstream.ErrBadEvent)
}

func TestEventsOfASourceThatFails(t *testing.T) {
	fails := func(f func(context.Context) error) pull.Source[[]byte] {
		return pull.From(func(ctx context.Context) ([]byte, error) { return nil, f(ctx) },
			func(error) error { return errClose })
	}
	src := httpstream.DecodeEvents(fails(func(context.Context) error { return errBoom }), 0)
	_, err := src(context.Background())
	require.Equal(t, &pull.ReleaseError{Cause: errBoom, Err: errClose}, err, "said once")

	ctx, cancel := context.WithCancelCause(context.Background())
	src = httpstream.DecodeEvents(fails(func(ctx context.Context) error {
		cancel(errBoom)
		return ctx.Err()
	}), 0)
	_, err = src(ctx)
	require.Equal(t, &pull.ReleaseError{Cause: errBoom, Err: errClose}, err)
}

func events(t *rapid.T) []event {
	one := rapid.Custom(func(t *rapid.T) event {
		return event{
			ID:    rapid.StringMatching(`[^\r\n\x00]{0,3}`).Draw(t, "id"),
			Type:  rapid.StringMatching(`[^\r\n]{0,3}`).Draw(t, "type"),
			Data:  rapid.StringMatching(`(\n|[^\r\n]){0,10}`).Draw(t, "data"),
			Retry: time.Duration(rapid.IntRange(0, 9).Draw(t, "retry")) * time.Millisecond,
		}
	})
	return rapid.SliceOf(one).Draw(t, "events")
}

func TestEventsThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := events(t)
		text, err := pull.Collect(context.Background(),
			httpstream.EncodeEvents(pull.Values(want...)))
		require.NoError(t, err)
		got, err := decode(0, string(bytes.Join(text, nil)))
		require.NoError(t, err)
		require.Equal(t, len(want), len(got))
		for i := range got {
			require.Equal(t, want[i], got[i])
		}
	})
}

// FuzzDecodeEvents wants the same of a text however it is cut, and that what
// was decoded comes back from being encoded.
func FuzzDecodeEvents(f *testing.F) {
	for _, seed := range []string{
		"", "data: a\n\n", "id: 1\r\ndata: a\r\r", "\uFEFFevent: x\ndata\n\n",
		"retry: 5\n\ndata: \xff",
		": c\n\ndata: a\ndata: b\n\n", strings.Repeat("data: 0123456789\n", 100),
	} {
		f.Add(seed, 3)
	}
	f.Fuzz(func(t *testing.T, text string, at int) {
		const limit = 256
		whole, err := decode(limit, text)
		cut := max(0, min(at, len(text)))
		parts, perr := decode(limit, text[:cut], text[cut:])
		require.Equal(t, whole, parts)
		require.Equal(t, err == nil, perr == nil)
		encoded, eerr := pull.Collect(context.Background(),
			httpstream.EncodeEvents(pull.Values(whole...)))
		require.NoError(t, eerr)
		again, err := decode(0, string(bytes.Join(encoded, nil)))
		require.NoError(t, err)
		require.Equal(t, whole, again)
	})
}
