package cbor

import (
	"errors"
	"io"

	"github.com/weir-go/weir/through/codec"
)

// What makes bytes no item.
var (
	errDepth = errors.New("nested too deeply")
	errHead  = errors.New("malformed head")
	errBreak = errors.New("break outside an item of indefinite length")
)

// A cutter cuts a CBOR sequence into items by their heads.
type cutter struct {
	max   int // bytes of an item
	depth int // of containers in an item

	rest  []byte // received, not yet looked at; the source's
	part  []byte // of the item that has begun; ours
	head  int    // how many bytes of a head are at part's end
	skip  int    // how many bytes of a string are still to come
	open  []container
	pos   int64 // where the item begins
	clean bool
}

// A container is an array, a map or a tag that has begun.
type container struct {
	left  uint64 // how many items are to come
	until bool   // a break ends it instead
}

func (c *cutter) Feed(chunk []byte) { c.rest = chunk }

func (c *cutter) End(clean bool) { c.clean = clean }

func (c *cutter) Scan() ([]byte, bool, error) {
	for len(c.rest) > 0 {
		done, err := c.step()
		if err != nil {
			return nil, false, err
		}
		if done {
			item := c.part
			c.pos += int64(len(item))
			c.part = nil
			return item, true, nil
		}
	}
	if c.clean && len(c.part) > 0 {
		return nil, false, io.ErrUnexpectedEOF
	}
	return nil, false, nil
}

// step takes one byte of a head, or as much of a string as is there, and says
// whether that ends the item.
func (c *cutter) step() (done bool, err error) {
	if c.skip > 0 {
		n := min(c.skip, len(c.rest))
		c.take(n)
		c.skip -= n
		return c.skip == 0 && c.complete(), nil
	}
	if len(c.part) == c.max {
		return false, c.tooLarge()
	}
	c.take(1)
	c.head++
	head := c.part[len(c.part)-c.head:]
	size, err := headSize(head[0])
	if err != nil {
		return false, c.bad(err)
	}
	if len(head) < size {
		return false, nil
	}
	c.head = 0
	return c.begin(head)
}

func (c *cutter) take(n int) {
	c.part = append(c.part, c.rest[:n]...)
	c.rest = c.rest[n:]
}

// headSize returns how many bytes a head takes that begins with b.
func headSize(b byte) (int, error) {
	switch info := b & 31; {
	case info < 24, info == 31:
		return 1, nil
	case info < 28:
		return 1 + 1<<(info-24), nil
	}
	return 0, errHead
}

// argument returns the number in a whole head.
func argument(head []byte) (n uint64) {
	if len(head) == 1 {
		return uint64(head[0] & 31)
	}
	for _, b := range head[1:] {
		n = n<<8 | uint64(b)
	}
	return n
}

// begin begins what has this head, and says whether that ends the item.
func (c *cutter) begin(head []byte) (done bool, err error) {
	kind, n := head[0]>>5, argument(head)
	left := uint64(c.max - len(c.part)) // what may still come
	indefinite := head[0]&31 == 31
	switch {
	case kind == 7 && indefinite:
		if len(c.open) == 0 || !c.open[len(c.open)-1].until {
			return false, c.bad(errBreak)
		}
		c.open = c.open[:len(c.open)-1]
		return c.complete(), nil
	case kind < 2 || kind > 5:
		if indefinite {
			return false, c.bad(errHead)
		}
		if kind == 6 {
			return false, c.push(container{left: 1})
		}
		return c.complete(), nil
	case indefinite:
		return false, c.push(container{until: true})
	case n > left || kind == 5 && n > left/2:
		return false, c.tooLarge()
	case n == 0:
		return c.complete(), nil
	case kind < 4:
		c.skip = int(n)
		return false, nil
	case kind == 5:
		n *= 2
	}
	return false, c.push(container{left: n})
}

func (c *cutter) push(next container) error {
	if len(c.open) >= c.depth {
		return c.bad(errDepth)
	}
	c.open = append(c.open, next)
	return nil
}

// complete ends a value, with the containers whose last one it is, and says
// whether that ends the item.
func (c *cutter) complete() bool {
	for len(c.open) > 0 {
		top := &c.open[len(c.open)-1]
		if top.until {
			return false
		}
		if top.left--; top.left > 0 {
			return false
		}
		c.open = c.open[:len(c.open)-1]
	}
	return true
}

func (c *cutter) tooLarge() error {
	return &codec.SizeError{Format: "cbor", Max: int64(c.max), Offset: c.pos}
}

func (c *cutter) bad(err error) error { return malformed(c.pos, err) }
