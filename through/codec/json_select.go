package codec

import (
	"encoding/json"
	"errors"
	"io"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
	"github.com/weir-go/weir/through/internal/stage"
)

// Bounds of [JSONPath] where its options do not say.
const (
	DefaultMaxValue = 16 << 20 // bytes
	DefaultMaxDepth = 1000     // levels
)

var errDepth = errors.New("nested too deeply")

// JSONPathOptions say how [JSONPath] reads. The zero value is ready for use.
type JSONPathOptions struct {
	// MaxValue is the longest value in bytes, and the longest key or text of
	// what is passed over, with the white space before it; all that a header
	// or a footer holds may be as long together. 0 or less means
	// DefaultMaxValue.
	MaxValue int

	// MaxDepth is how many levels may lie above a value; 0 or less means
	// DefaultMaxDepth. Within a value encoding/json's bound of 10,000 holds.
	MaxDepth int

	// Keys are what <name> in a path stands for: each says which keys and
	// indexes it leads to, as a regexp's MatchString does. None may be nil.
	Keys map[string]func(key string) bool

	// Header, if not nil, gets those members of each document's root that are
	// not on the path and come before the first value, just before that is
	// delivered, or else at the end of the document. It is not called for
	// none. A failure of it is the source's.
	Header func(members map[string]json.RawMessage) error

	// Footer is the same for members behind the first value, at the end of the
	// document.
	Footer func(members map[string]json.RawMessage) error
}

// JSONPath delivers those values of the JSON documents of src to which path
// leads, one by one as they come, each read into a T. src may hold several
// documents in a row.
//
// A path is keys with dots between them: "rows.*.doc" is the member doc of
// each element of rows. * is any key or index; a number is also an index; <name>
// is what the function opts.Keys[name] says; two dots are any number of levels,
// none too: "..id" is every member id. A first $ is the document, as in
// RFC 9535: "$.rows" is "rows". The empty path, or $, is the documents
// themselves. A backslash makes the next character one of the key; brackets
// have no other use. What is inside a value that was found is not searched.
//
// A step cannot ask for what a value holds, which is a filter's business, nor
// for a slice or a union of indexes. For the keys beside the values, see
// [JSONEntries].
//
// null is a value like any other: it is delivered as json.Unmarshal reads it.
// Numbers keep their digits where T does not say how to hold them: inside an
// any they become json.Number.
//
// Input that ends inside a document ends with io.ErrUnexpectedEOF. What is no
// JSON, no T, or too deep fails with a [DecodeError], what is not UTF-8 with a
// [frame.UTF8Error], what is too long with a [SizeError], a path that cannot be
// read with a [PathError]; after the values before it, and src is aborted with
// that error. Memory: one chunk of src, twice the longest value, key or text,
// and a few words for each level; never the document.
func JSONPath[T any](
	src pull.Source[[]byte], path string, opts JSONPathOptions,
) pull.Source[T] {
	return walk(src, path, opts, func(w *walker) (v T, err error) {
		err = w.next(&v)
		return v, err
	})
}

// A JSONEntry is a value and where it was found.
type JSONEntry[T any] struct {
	// Path is the keys and indexes that lead to the value, from the root down;
	// of a document itself it is empty.
	Path []string
	// Value is what was found.
	Value T
}

// Key returns the last of the path, or nothing if that is empty.
func (e JSONEntry[T]) Key() string {
	if len(e.Path) == 0 {
		return ""
	}
	return e.Path[len(e.Path)-1]
}

// JSONEntries is [JSONPath], except that each value comes with its path: with
// the path "*" these are an object's members, or an array's elements with their
// indexes. The keys on the way to a value may be opts.MaxValue bytes together,
// which are held; more fails with a [SizeError].
func JSONEntries[T any](
	src pull.Source[[]byte], path string, opts JSONPathOptions,
) pull.Source[JSONEntry[T]] {
	return walk(src, path, opts, func(w *walker) (e JSONEntry[T], err error) {
		w.keeps = true
		if err = w.next(&e.Value); err == nil {
			e.Path = w.at
		}
		return e, err
	})
}

func walk[T any](
	src pull.Source[[]byte], path string, opts JSONPathOptions, next func(*walker) (T, error),
) pull.Source[T] {
	if opts.MaxValue <= 0 {
		opts.MaxValue = DefaultMaxValue
	}
	if opts.MaxDepth <= 0 {
		opts.MaxDepth = DefaultMaxDepth
	}
	text := frame.UTF8(src, frame.UTF8Options{})
	return stage.Read(text, func(r *stage.Reader) func() (T, error) {
		w := &walker{opts: opts}
		w.path, w.bad = parsePath(path, opts.Keys)
		w.in = &boundedReader{r: r, max: int64(opts.MaxValue)}
		w.dec = json.NewDecoder(w.in)
		w.in.dec = w.dec
		w.dec.UseNumber()
		return func() (T, error) { return next(w) }
	})
}

// A boundedReader refuses more input while the decoder holds on to too much.
type boundedReader struct {
	r     *stage.Reader
	dec   *json.Decoder
	max   int64
	start int64 // where the token that is being read begins
	ended bool  // that token wanted more than there is
	bad   error // a SizeError that was returned
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.r.Offset()-b.start > b.max {
		return 0, b.tooLong()
	}
	n, err := b.r.Read(p)
	b.ended = err == io.EOF
	return n, err
}

func (b *boundedReader) tooLong() error {
	b.bad = &SizeError{Format: "json", Max: b.max, Offset: b.start}
	return b.bad
}

// begin begins the next token.
func (b *boundedReader) begin() { b.start, b.ended = b.dec.InputOffset(), false }

// more says whether the object or array goes on, having gone over white space.
func (b *boundedReader) more() (bool, error) {
	b.begin()
	more := b.dec.More()
	if b.bad == nil && b.dec.InputOffset()-b.start > b.max {
		return false, b.tooLong()
	}
	return more && b.bad == nil, b.bad
}

// read runs one step of the decoder and makes its error ours: io.EOF stands
// for the end of input between documents, io.ErrUnexpectedEOF for any other.
func (b *boundedReader) read(inside bool, step func() error) error {
	b.begin()
	err := step()
	end := b.dec.InputOffset()
	switch {
	case b.bad != nil:
		return b.bad
	case err == nil && end-b.start > b.max:
		return b.tooLong()
	case err == io.EOF && b.ended && inside:
		return io.ErrUnexpectedEOF
	case err == nil || err == io.EOF && b.ended && end == b.start:
		return err
	}
	return malformed("json", b.start, err)
}
