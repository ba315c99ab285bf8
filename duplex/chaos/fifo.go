package chaos

// blockSize is how many bytes a fifo allocates at once.
const blockSize = 16 << 10

// keepBlocks is how many unused blocks a fifo keeps.
const keepBlocks = 64

// A fifo holds bytes in order.
type fifo struct {
	blocks [][]byte // of blockSize each
	spare  [][]byte
	head   int // of the first block, where reading goes on
	size   int
}

// push appends a copy of p.
func (f *fifo) push(p []byte) {
	for len(p) > 0 {
		end := f.head + f.size
		if end == len(f.blocks)*blockSize {
			f.blocks = append(f.blocks, f.block())
		}
		n := copy(f.blocks[end/blockSize][end%blockSize:], p)
		f.size += n
		p = p[n:]
	}
}

func (f *fifo) block() []byte {
	if n := len(f.spare); n > 0 {
		b := f.spare[n-1]
		f.spare = f.spare[:n-1]
		return b
	}
	return make([]byte, blockSize)
}

// pop takes the first bytes out, as many as p and the fifo have.
func (f *fifo) pop(p []byte) (n int) {
	p = p[:min(len(p), f.size)]
	used := 0
	for len(p) > 0 {
		c := copy(p, f.blocks[used][f.head:])
		p, n = p[c:], n+c
		if f.head += c; f.head == blockSize {
			f.head = 0
			used++
		}
	}
	f.size -= n
	f.release(used)
	if f.size == 0 {
		f.head = 0
	}
	return n
}

// release lets go of the first n blocks.
func (f *fifo) release(n int) {
	for i, b := range f.blocks[:n] {
		if len(f.spare) < keepBlocks {
			f.spare = append(f.spare, b)
		}
		f.blocks[i] = nil
	}
	f.blocks = f.blocks[n:]
}

// truncate keeps the first n bytes.
func (f *fifo) truncate(n int) {
	f.size = n
	need := (f.head + n + blockSize - 1) / blockSize
	clear(f.blocks[need:])
	f.blocks, f.spare = f.blocks[:need], nil
}
