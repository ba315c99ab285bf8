package duplex

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/weir-go/weir/pull"
)

// Record is d, and writes to log what passes, for tests that [Replay] it and
// for people. Each line is a direction ("<" for what the source returns, ">"
// for what the sink is given), a space, and one of
//
//	"text\x00"     bytes, quoted as in Go; long chunks take several lines
//	end            the clean end of the direction
//	fail "reason"  any other end of it, an abort included
//
// Lines come in the order in which things passed; a chunk is written before it
// is passed on. One that cannot be written does not pass: its direction fails
// with the error of log. Log is written to by one goroutine at a time, a line
// per Write. A Write that blocks holds up what is to pass, both ways, and no
// context interrupts it.
func Record(d Duplex[[]byte, []byte], log io.Writer) Duplex[[]byte, []byte] {
	r := &recorder{log: log, token: make(chan struct{}, 1)}
	return Map(d, r.through("<"), r.through(">"))
}

// An Entry is a line of a recording.
type Entry struct {
	Way   Way    // In or Out, as the side saw it that recorded
	Chunk []byte // Chunk is what passed; nil means that the direction ended
	Fail  string // Fail says why, if it was not a clean end; "" means it was
}

// ErrRecording is matched by the error of [ReadRecording].
var ErrRecording = errors.New("duplex: not a recording")

// maxEntry is how many bytes an entry has at most, and maxLine how many a line,
// where each of them takes four.
const (
	maxEntry = 16 << 10
	maxLine  = 4*maxEntry + 16
)

type recorder struct {
	log   io.Writer
	token chan struct{} // held while log is written to
}

// through records one direction.
func (r *recorder) through(way string) pull.Through[[]byte, []byte] {
	return func(src pull.Source[[]byte]) pull.Source[[]byte] {
		see := func(chunk []byte) error { return r.chunk(way, chunk) }
		return watched(src, see, func(cause error) error {
			if cause == io.EOF {
				return r.write(way + " end\n")
			}
			reason := cmp.Or(cause.Error(), "unknown")
			reason = reason[:min(len(reason), maxEntry)]
			return r.write(way + " fail " + strconv.Quote(reason) + "\n")
		})
	}
}

func (r *recorder) chunk(way string, chunk []byte) error {
	for first := true; first || len(chunk) > 0; first = false {
		n := min(len(chunk), maxEntry)
		if err := r.write(way + " " + strconv.Quote(string(chunk[:n])) + "\n"); err != nil {
			return err
		}
		chunk = chunk[n:]
	}
	return nil
}

// write writes a line when nobody else does.
func (r *recorder) write(line string) error {
	r.token <- struct{}{}
	defer func() { <-r.token }()
	if _, err := io.WriteString(r.log, line); err != nil {
		return fmt.Errorf("duplex: recording: %w", err)
	}
	return nil
}

// ReadRecording returns what [Record] wrote. A line that is none, is longer
// than Record writes, stands behind the end of its direction or was cut is an
// error that matches [ErrRecording] and names it; what came before is returned
// with it. An error of log is returned as it is.
func ReadRecording(log io.Reader) (entries []Entry, err error) {
	lines := bufio.NewReaderSize(log, maxLine)
	var over [2]bool
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		switch {
		case err == io.EOF && len(line) == 0:
			return entries, nil
		case err != nil && err != io.EOF && err != bufio.ErrBufferFull:
			return entries, err
		}
		e, ok := parseEntry(string(line))
		if !ok || over[e.Way] {
			return entries, fmt.Errorf("%w: line %d", ErrRecording, n)
		}
		over[e.Way] = e.Chunk == nil
		entries = append(entries, e)
	}
}

// parseEntry takes a line apart, of which nothing may be missing or too much.
func parseEntry(line string) (e Entry, ok bool) {
	if len(line) < 4 || line[1] != ' ' || line[len(line)-1] != '\n' {
		return e, false
	}
	switch line[0] {
	case '<':
	case '>':
		e.Way = Out
	default:
		return e, false
	}
	rest := line[2 : len(line)-1]
	if rest == "end" {
		return e, true
	}
	if reason, failed := strings.CutPrefix(rest, "fail "); failed {
		e.Fail, ok = unquote(reason)
		return e, ok && e.Fail != ""
	}
	text, ok := unquote(rest)
	e.Chunk = []byte(text)
	return e, ok
}

// unquote undoes strconv.Quote.
func unquote(s string) (string, bool) {
	text, err := strconv.Unquote(s)
	return text, err == nil && s[0] == '"'
}
