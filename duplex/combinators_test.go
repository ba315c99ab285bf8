package duplex_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/duplex"
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

// taking is a duplex of src and of a sink that keeps what it gets.
func taking(src pull.Source[[]byte], got *[][]byte) chunks {
	return chunks{Source: src, Sink: func(ctx context.Context, src pull.Source[[]byte]) (err error) {
		*got, err = pull.Collect(ctx, src)
		return err
	}}
}

func strs(s ...string) pull.Source[[]byte] {
	var all [][]byte
	for _, c := range s {
		all = append(all, []byte(c))
	}
	return pull.Values(all...)
}

func text(b [][]byte) string { return string(bytes.Join(b, []byte("|"))) }

// messages is a codec over d.
func messages(d chunks) duplex.Duplex[frame.Msg, frame.Msg] {
	return duplex.Map(d,
		func(src pull.Source[[]byte]) pull.Source[frame.Msg] { return frame.Decode(src, 100) },
		func(src pull.Source[frame.Msg]) pull.Source[[]byte] { return frame.Encode(src, 100) })
}

func TestMapIsACodec(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := duplex.Pair[[]byte, []byte]()
		a, b := messages(near), messages(far)
		sent := async(func() error { return a.Sink(t.Context(), pull.Values(frame.Msg("hello"))) })
		got, err := pull.Collect(t.Context(), b.Source)
		require.NoError(t, err)
		assert.Equal(t, []frame.Msg{frame.Msg("hello")}, got)
		require.NoError(t, sent())

		// A message that cannot be sent fails its direction at both ends.
		sent = async(func() error { return b.Sink(t.Context(), pull.Values(make(frame.Msg, 101))) })
		_, err = pull.Collect(t.Context(), a.Source)
		assert.ErrorIs(t, err, frame.ErrTooLarge)
		assert.ErrorIs(t, sent(), frame.ErrTooLarge)
		assert.Equal(t, duplex.ErrUsed, a.Sink(t.Context(), pull.Empty[frame.Msg]()))
	})
}

func TestLimit(t *testing.T) {
	for name, c := range map[string]struct {
		limit duplex.Cap[[]byte]
		want  string // of "ab", "cd", "ef"
		err   *duplex.LimitError
	}{
		"none":        {duplex.Cap[[]byte]{}, "ab|cd|ef", nil},
		"just enough": {duplex.Cap[[]byte]{Items: 3, Bytes: 6}, "ab|cd|ef", nil},
		"items":       {duplex.Cap[[]byte]{Items: 2}, "ab|cd", &duplex.LimitError{Unit: "items", Max: 2}},
		"bytes":       {duplex.Cap[[]byte]{Bytes: 5}, "ab|cd", &duplex.LimitError{Unit: "bytes", Max: 5}},
		"by size": {duplex.Cap[[]byte]{Bytes: 15, Size: func([]byte) int { return 10 }}, "ab",
			&duplex.LimitError{Unit: "bytes", Max: 15}},
	} {
		t.Run(name, func(t *testing.T) {
			var got [][]byte
			d := duplex.Limit(taking(strs("ab", "cd", "ef"), &got), c.limit, c.limit)
			in, err := pull.Collect(t.Context(), d.Source)
			assert.Equal(t, c.want, text(in))
			serr := d.Sink(t.Context(), strs("ab", "cd", "ef"))
			assert.Equal(t, c.want, text(got))
			if c.err == nil {
				require.NoError(t, err)
				require.NoError(t, serr)
				return
			}
			out := *c.err
			out.Way = duplex.Out
			assert.Equal(t, c.err, err)
			assert.Equal(t, &out, serr)
			assert.ErrorIs(t, serr, duplex.ErrLimit)
		})
	}
	assert.EqualError(t, &duplex.LimitError{Way: duplex.Out, Unit: "items", Max: 7},
		"duplex: more than 7 items written")
	assert.EqualError(t, &duplex.LimitError{Unit: "bytes", Max: 1}, "duplex: more than 1 bytes read")
	assert.Panics(t, func() {
		duplex.Limit(duplex.Duplex[int, int]{}, duplex.Cap[int]{Bytes: 1}, duplex.Cap[int]{})
	})
}

func TestMeter(t *testing.T) {
	var got [][]byte
	d, traffic := duplex.Meter(taking(strs("ab", "", "cde"), &got))
	assert.Zero(t, traffic.In())
	require.NoError(t, second(d.Source(t.Context())))
	assert.Equal(t, duplex.Count{Items: 1, Bytes: 2}, traffic.In())
	require.NoError(t, second(pull.Collect(t.Context(), d.Source)))
	assert.Equal(t, duplex.Count{Items: 3, Bytes: 5}, traffic.In())
	require.NoError(t, d.Sink(t.Context(), strs("x")))
	assert.Equal(t, duplex.Count{Items: 1, Bytes: 1}, traffic.Out())

	var ints []int
	counted, traffic := duplex.Meter(ends(pull.Count(4), &ints))
	require.NoError(t, pull.Drain(t.Context(), counted.Source))
	assert.Equal(t, duplex.Count{Items: 4}, traffic.In())
}

func TestRecordAndReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		server, near := duplex.Pair[[]byte, []byte]()
		client := duplex.Record(near, &log)
		long := strings.Repeat("long\xff", 10_000)
		answered := async(func() error { return server.Sink(t.Context(), upper(server.Source)) })
		require.NoError(t, talk(t.Context(), client, "one\x00", "", long))
		require.NoError(t, answered())

		entries, err := duplex.ReadRecording(&log)
		require.NoError(t, err)
		require.Equal(t, 2*(1+1+4)+2, len(entries), "the long one in four lines")
		assert.Equal(t, sent("one\x00"), entries[0])
		assert.Equal(t, read("ONE\x00"), entries[1])
		assert.Equal(t, duplex.Entry{Way: duplex.Out}, entries[len(entries)-2])

		require.NoError(t, talk(t.Context(), duplex.Replay(entries), "one\x00", "", long))
		require.NoError(t, talk(t.Context(), duplex.Replay(entries), "o", "ne\x00", long), "other cuts")
		var differs *duplex.MismatchError
		require.ErrorAs(t, talk(t.Context(), duplex.Replay(entries), "one\x00", "", "lonG"), &differs)
		assert.Equal(t, int64(7), differs.Offset)
		assert.Equal(t, "G", string(differs.Got))
		assert.Equal(t, "g\xfflong\xfflong\xfflong", string(differs.Want))
	})
}

// upper answers each question with its capitals, and ends with src.
func upper(src pull.Source[[]byte]) pull.Source[[]byte] {
	return func(ctx context.Context) ([]byte, error) {
		b, err := src(ctx)
		up := bytes.Clone(b)
		for i, c := range b {
			if 'a' <= c && c <= 'z' {
				up[i] -= 'a' - 'A'
			}
		}
		return up, err
	}
}

// talk sends what is said and reads to the end.
func talk(ctx context.Context, d chunks, said ...string) error {
	spoken := async(func() error { return d.Sink(ctx, strs(said...)) })
	_, err := pull.Collect(ctx, d.Source)
	return errors.Join(spoken(), err)
}

func TestRecordTellsEnds(t *testing.T) {
	var log strings.Builder
	var got [][]byte
	d := duplex.Record(taking(pull.Error[[]byte](errBoom), &got), &log)
	assert.Equal(t, errBoom, second(d.Source(t.Context())))
	assert.Equal(t, errBoom, d.Sink(canceled(errBoom), strs("x")))
	assert.Equal(t, "< fail \"boom\"\n> fail \"boom\"\n", log.String())

	d = duplex.Record(taking(strs("x"), &got), &shortLog{lines: 1})
	require.NoError(t, second(d.Source(t.Context())))
	err := second(d.Source(t.Context()))
	assert.ErrorIs(t, err, errBoom, "an end that could not be recorded is none")
}

func TestReplayDiffers(t *testing.T) {
	end := duplex.Entry{Way: duplex.Out}
	for name, c := range map[string]struct {
		entries []duplex.Entry
		said    string
		want    error
	}{
		"at the start":   {[]duplex.Entry{sent("abc"), end}, "xyz", &duplex.MismatchError{Want: []byte("abc"), Got: []byte("xyz")}},
		"too early":      {[]duplex.Entry{sent("abc"), end}, "ab", &duplex.MismatchError{Offset: 2, Want: []byte("c")}},
		"too late":       {[]duplex.Entry{sent("abc"), end}, "abcd", &duplex.MismatchError{Offset: 3, Got: []byte("d")}},
		"cut, too late":  {[]duplex.Entry{sent("abc")}, "abcd", &duplex.MismatchError{Offset: 3, Got: []byte("d")}},
		"cut, too early": {[]duplex.Entry{sent("abc")}, "ab", nil},
		"failure":        {[]duplex.Entry{sent("abc"), {Way: duplex.Out, Fail: "gone"}}, "abcd", &duplex.RecordedError{Text: "gone"}},
		"failure, end":   {[]duplex.Entry{sent("abc"), {Way: duplex.Out, Fail: "gone"}}, "abc", &duplex.RecordedError{Text: "gone"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := duplex.Replay(c.entries).Sink(t.Context(), strs(c.said))
			var differs *duplex.MismatchError
			if errors.As(err, &differs) {
				assert.NotEmpty(t, err.Error())
				differs.Want, differs.Got = trim(differs.Want), trim(differs.Got)
			}
			assert.Equal(t, c.want, err)
		})
	}
}

func trim(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

func TestReplayKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := duplex.Replay([]duplex.Entry{
			read("hello"), sent("who"), read("me"), sent("?"), {Way: duplex.Out}, read("bye"), {Fail: "gone"},
		})
		to, from := duplex.Pair[[]byte, []byte]()
		checked := async(func() error { return d.Sink(t.Context(), to.Source) })
		say := make(chan []byte)
		spoken := async(func() error { return from.Sink(t.Context(), pull.FromChan(say)) })
		next := func() func() error {
			return async(func() error { return second(d.Source(t.Context())) })
		}
		require.NoError(t, next()())
		me := next()
		say <- []byte("wh")
		synctest.Wait()
		say <- []byte("o?")
		require.NoError(t, me())
		ended := false
		bye := async(func() error {
			err := second(d.Source(t.Context()))
			assert.True(t, ended, "not before the end it had come after")
			return err
		})
		synctest.Wait()
		ended = true
		close(say)
		require.NoError(t, spoken())
		require.NoError(t, checked())
		require.NoError(t, bye())
		assert.Equal(t, &duplex.RecordedError{Text: "gone"}, next()())

		assert.Equal(t, duplex.ErrUsed, d.Sink(t.Context(), strs("again")))
	})
}

func TestReplaySourceEndsWithItsSink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := duplex.Replay([]duplex.Entry{read("one"), sent("x"), read("two")})
		assert.Equal(t, errBoom, d.Sink(t.Context(), pull.Error[[]byte](errBoom)))
		require.NoError(t, second(d.Source(t.Context())))
		assert.Equal(t, errBoom, second(d.Source(t.Context())))

		d = duplex.Replay([]duplex.Entry{sent("x"), read("two")})
		require.NoError(t, d.Sink(t.Context(), strs()), "a beginning")
		assert.Equal(t, io.ErrUnexpectedEOF, second(d.Source(t.Context())))
		assert.Equal(t, io.ErrUnexpectedEOF, second(duplex.Replay(nil).Source(t.Context())))
	})
}

func TestReadRecordingRefuses(t *testing.T) {
	for _, bad := range []string{
		"x", "< \"a\"", "<\"a\"\n", "? end\n", "< End\n", "< a\n", "< `a`\n", "> fail boom\n", "> fail \"\"\n",
		"< \"" + strings.Repeat("a", 70_000) + "\"\n", "< end\n< \"more\"\n", "< end\n< end\n",
	} {
		entries, err := duplex.ReadRecording(strings.NewReader("> \"first\"\n" + bad))
		assert.ErrorIs(t, err, duplex.ErrRecording, "%.20q", bad)
		assert.Equal(t, sent("first"), entries[0])
	}
	_, err := duplex.ReadRecording(io.MultiReader(strings.NewReader("> \"a\"\n"), failingReader{}))
	assert.Equal(t, errBoom, err)
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errBoom }

// Whatever is taken for a recording can be replayed, and is recorded as it was.
func FuzzReadRecording(f *testing.F) {
	f.Add([]byte("> \"a\"\n< \"\\x00\\xff\"\n> end\n< fail \"boom\"\n"))
	f.Add([]byte("< \"\"\n"))
	f.Add([]byte("> end\n< end\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := duplex.ReadRecording(bytes.NewReader(data))
		if err != nil {
			assert.ErrorIs(t, err, duplex.ErrRecording)
		}
		var said [][]byte
		for _, e := range entries {
			if e.Way == duplex.Out && e.Chunk != nil {
				said = append(said, e.Chunk)
			}
		}
		var log bytes.Buffer
		d := duplex.Record(duplex.Replay(entries), &log)
		spoken := async(func() error { return d.Sink(context.Background(), pull.Values(said...)) })
		_, _ = pull.Collect(context.Background(), d.Source)
		var recorded *duplex.RecordedError
		if err := spoken(); err != nil {
			require.ErrorAs(t, err, &recorded)
		}
		again, err := duplex.ReadRecording(&log)
		require.NoError(t, err)
		for _, way := range []duplex.Way{duplex.In, duplex.Out} {
			want, got := joined(entries, way), joined(again, way)
			require.Equal(t, want, got)
		}
	})
}

func joined(entries []duplex.Entry, way duplex.Way) (all string) {
	for _, e := range entries {
		if e.Way == way {
			all += string(e.Chunk)
		}
	}
	return all
}
