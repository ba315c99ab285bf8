package journal

import (
	"encoding/binary"
	"io"

	"github.com/weir-go/weir/through/frame"
)

// maxFrame bounds a frame's payload, in bytes. What replicate writes is far
// below; what a damaged length claims is only read as far as the file goes.
const maxFrame = 64 << 20

// scanner reads a file frame by frame. It holds what it has read of one frame,
// never what a length only claims.
type scanner struct {
	r    io.Reader
	read func(done int64) error // called with how much was read; an error ends it
	buf  []byte                 // read, not yet consumed
	at   int64                  // where buf begins in the file
	eof  bool
	last [4]byte // how the last valid frame ended
	mem  []byte  // the memory of buf, from its beginning
}

const minRead = 64 << 10

// fill reads more into buf. At the end of the file it sets eof.
func (s *scanner) fill() error {
	if cap(s.mem)-len(s.buf) < minRead {
		s.mem = make([]byte, 0, max(2*len(s.buf), 2*minRead))
	}
	n := copy(s.mem[:cap(s.mem)], s.buf)
	m, err := s.r.Read(s.mem[n:cap(s.mem)])
	s.buf = s.mem[: n+m : cap(s.mem)]
	if err == io.EOF {
		s.eof, err = true, nil
	}
	if err == nil {
		err = s.read(s.at + int64(len(s.buf)))
	}
	return err
}

// damaged says that no frame begins at the scanner's place.
type damaged struct{ error }

// next returns the payload of the next frame, valid until the next call. At
// the end it returns io.EOF, and where no valid frame is, a damaged error with
// everything from there on still unread.
func (s *scanner) next() (payload []byte, err error) {
	for {
		payload, n, err := frame.Parse(s.buf, maxFrame)
		switch {
		case err == nil:
			copy(s.last[:], s.buf[n-len(s.last):])
			s.skip(n)
			return payload, nil
		case err != io.ErrUnexpectedEOF:
			return nil, damaged{err}
		case !s.eof:
			if err := s.fill(); err != nil {
				return nil, err
			}
		case len(s.buf) == 0:
			return nil, io.EOF
		default:
			return nil, damaged{io.ErrUnexpectedEOF}
		}
	}
}

func (s *scanner) skip(n int) {
	s.buf = s.buf[n:]
	s.at += int64(n)
}

// A witness is a frame behind damage that vouches for what was there: it was
// written, at exactly this place, after all that is before it.
type witness struct {
	commit commit
	clean  bool // a clean mark, and no commit
}

// witnesses looks at every byte behind damage for frames that name their own
// offset, and returns the last one, and how many there are.
func (s *scanner) witnesses() (last witness, n int, err error) {
	for {
		if len(s.buf) < binary.MaxVarintLen64+1 && !s.eof {
			if err := s.fill(); err != nil {
				return last, n, err
			}
			continue
		}
		if len(s.buf) == 0 {
			return last, n, nil
		}
		w, size, err := s.witness()
		if err != nil {
			return last, n, err
		}
		if size > 0 {
			last, n = w, n+1
		}
		s.skip(max(size, 1))
	}
}

// maxWitness bounds the payload of a commit or a clean mark.
const maxWitness = 1 + 2*binary.MaxVarintLen64

// witness reads the commit or clean mark that begins here, if one does: size
// is then what it takes.
func (s *scanner) witness() (w witness, size int, err error) {
	length, n := binary.Uvarint(s.buf)
	if n != 1 || length == 0 || length > maxWitness || len(s.buf) < 2 {
		return w, 0, nil
	}
	if kind := s.buf[1]; kind != kindCommit && kind != kindClean {
		return w, 0, nil
	}
	for {
		payload, size, perr := frame.Parse(s.buf, maxWitness)
		if perr == io.ErrUnexpectedEOF && !s.eof {
			if err := s.fill(); err != nil {
				return w, 0, err
			}
			continue
		}
		if perr != nil {
			return w, 0, nil
		}
		if payload[0] == kindClean {
			_, perr = parseClean(payload, s.at)
			w.clean = true
		} else {
			w.commit, perr = parseCommit(payload, s.at)
		}
		if perr != nil {
			return w, 0, nil
		}
		return w, size, nil
	}
}
