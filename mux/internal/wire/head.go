package wire

import (
	"encoding/binary"
	"io"
	"maps"
	"slices"
	"unicode/utf8"
)

// MaxHead is the most bytes a head may have, its length prefix not counted.
const MaxHead = 4096

// AppendHead appends the head of a stream: its length, the name, and the
// metadata sorted by key. It fails when the head is over MaxHead bytes or has
// a string that is not UTF-8.
func AppendHead(b []byte, name string, meta map[string]string) ([]byte, error) {
	size := len(name)
	for k, v := range meta {
		size += len(k) + len(v)
	}
	if size > MaxHead {
		return nil, Errorf("name and metadata have %d bytes, over %d", size, MaxHead)
	}
	body := appendText(nil, name)
	body = binary.AppendUvarint(body, uint64(len(meta)))
	for _, k := range slices.Sorted(maps.Keys(meta)) {
		body = appendText(appendText(body, k), meta[k])
	}
	switch {
	case len(body) > MaxHead:
		return nil, Errorf("name and metadata have %d bytes, over %d", len(body), MaxHead)
	case !isText(name, meta):
		return nil, Errorf("name and metadata are not UTF-8")
	}
	b = binary.AppendUvarint(b, uint64(len(body)))
	return append(b, body...), nil
}

func isText(name string, meta map[string]string) bool {
	ok := utf8.ValidString(name)
	for k, v := range meta {
		ok = ok && utf8.ValidString(k) && utf8.ValidString(v)
	}
	return ok
}

// A HeadReader collects the head of a stream from pieces of any size.
type HeadReader struct {
	buf  []byte
	need int // bytes of the whole head with its prefix; 0 while unknown
}

// Feed takes what belongs to the head off p and returns how many bytes that
// were; done says that the head is complete.
func (h *HeadReader) Feed(p []byte) (used int, done bool, err error) {
	for h.need == 0 && used < len(p) {
		h.buf = append(h.buf, p[used])
		used++
		if err := h.prefix(); err != nil {
			return used, false, err
		}
	}
	if h.need == 0 {
		return used, false, nil
	}
	n := min(h.need-len(h.buf), len(p)-used)
	h.buf = append(h.buf, p[used:used+n]...)
	return used + n, len(h.buf) == h.need, nil
}

// prefix looks whether the length is complete.
func (h *HeadReader) prefix() error {
	v, n := binary.Uvarint(h.buf)
	switch {
	case n > 0 && v <= MaxHead:
		h.need = n + int(v)
	case n != 0 || len(h.buf) >= binary.MaxVarintLen64:
		return Errorf("head of a stream is over %d bytes", MaxHead)
	}
	return nil
}

// Size is the size of the complete head with its prefix, in bytes.
func (h *HeadReader) Size() int { return h.need }

// Parse takes the complete head apart.
func (h *HeadReader) Parse() (name string, meta map[string]string, err error) {
	if h.need == 0 || len(h.buf) < h.need {
		return "", nil, io.ErrUnexpectedEOF
	}
	_, n := binary.Uvarint(h.buf)
	c := cursor{b: h.buf[n:]}
	name = c.text("name", MaxHead)
	count := c.uvarint("number of metadata", MaxHead/2)
	for range count {
		if c.err != nil {
			break
		}
		k := c.text("metadata key", MaxHead)
		v := c.text("metadata value", MaxHead)
		if _, twice := meta[k]; twice && c.err == nil {
			c.err = Errorf("metadata key %q comes twice", k)
		}
		if meta == nil {
			meta = make(map[string]string)
		}
		meta[k] = v
	}
	if err := c.end("head of a stream"); err != nil {
		return "", nil, err
	}
	return name, meta, nil
}
