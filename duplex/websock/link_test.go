package websock

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An end that comes with the last bytes is none before they were taken: a
// message that they complete is whole.
func TestLinkEndsAfterItsBytes(t *testing.T) {
	type conn struct {
		io.Reader
		io.WriteCloser
	}
	l := newLink(conn{Reader: iotest.DataErrReader(strings.NewReader("all"))}, nil, false)
	n, err := l.Read(make([]byte, 10))
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	assert.NoError(t, l.err)
	for range 2 {
		_, err = l.Read(make([]byte, 10))
		assert.Equal(t, io.EOF, err)
		assert.Equal(t, io.EOF, l.err)
	}
}
