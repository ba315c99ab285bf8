package secure

import (
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const sampleID = "25njqa-mcwefl-pvkl73-j4szah-hihoc4-xt3ktc-gjnpai-ngr5yh-kenaic"

// What parses is one id, written in one way.
func FuzzParsePeerID(f *testing.F) {
	f.Add(sampleID)
	f.Add(strings.ToUpper(sampleID))
	f.Add(strings.Repeat("a", 54))
	f.Add("")
	f.Add(" - ")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParsePeerID(s)
		if err != nil {
			var e *IDError
			require.ErrorAs(t, err, &e)
			require.Zero(t, id)
			return
		}
		plain := strings.NewReplacer("-", "", " ", "", "\t", "", "\r", "", "\n", "")
		require.Equal(t, plain.Replace(id.String()), strings.ToLower(plain.Replace(s)))
		again, err := ParsePeerID(id.String())
		require.NoError(t, err)
		require.Equal(t, id, again)
	})
}

func FuzzIdentityFile(f *testing.F) {
	i, err := newIdentity(make([]byte, 32))
	require.NoError(f, err)
	f.Add([]byte("# comment\n" + identityWord + " " + encode(i.key.Seed()) + " " + i.ID().String() + "\n"))
	f.Add([]byte(identityWord + " x y"))
	f.Add([]byte("\n#\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		i, err := parseIdentity(data)
		if err != nil {
			require.ErrorIs(t, err, ErrFormat)
			return
		}
		require.NotNil(t, i)
		again, err := parseIdentity([]byte(identityWord + " " + encode(i.key.Seed()) + " " + i.ID().String()))
		require.NoError(t, err)
		require.True(t, i.Equal(again))
	})
}

// What a list says comes back when it is written anew.
func FuzzAllowList(f *testing.F) {
	f.Add("# peers\n" + sampleID + " the laptop # at home\n\n" + sampleID)
	f.Add(sampleID + "\tx\r\n" + sampleID[:20])
	f.Fuzz(func(t *testing.T, text string) {
		var l AllowList
		var entries []Entry
		var lines, rewritten strings.Builder
		err := l.each(text, func(line string, e Entry, listed bool) {
			lines.WriteString(line)
			if listed {
				require.NoError(t, checkLabel(e.Label))
				entries = append(entries, e)
				rewritten.WriteString(e.Peer.String() + " " + e.Label + "\n")
			}
		})
		if err != nil {
			var e *FileError
			require.ErrorAs(t, err, &e)
			require.Positive(t, e.Line)
			return
		}
		require.Equal(t, text, lines.String())
		var again []Entry
		require.NoError(t, l.each(rewritten.String(), func(_ string, e Entry, _ bool) { again = append(again, e) }))
		require.Equal(t, entries, again)
	})
}

func FuzzHello(f *testing.F) {
	for v := range unknown + 1 {
		f.Add([]byte(appendHello(nil, v)))
	}
	f.Add([]byte{2, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) != helloSize {
			return
		}
		v, err := parseHello([helloSize]byte(data))
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e)
			return
		}
		require.Equal(t, data, appendHello(nil, v))
	})
}

// Whatever comes first, no more is held than has come, and TLS gets it all.
func FuzzFirstRecord(f *testing.F) {
	f.Add([]byte{22, 3, 1, 0, 2, 1, 0, 9}, 1)
	f.Add([]byte{22, 3, 1, 0xff, 0xff}, 3)
	f.Add(append([]byte{22, 3, 1, 0x0f, 0xff}, make([]byte, 4<<10)...), 100)
	f.Add([]byte("GET / HTTP/1.1"), 100)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		c := &sliced{data: data, size: max(1, size)}
		r := &raw{Conn: c, left: maxFlight}
		_ = r.await()
		require.LessOrEqual(t, len(r.first), maxFirst)
		require.LessOrEqual(t, cap(r.first), 2*len(r.first)+512)
		require.Equal(t, data[:len(data)-len(c.data)], r.first)
	})
}

// sliced is a connection that brings data in pieces of size bytes.
type sliced struct {
	net.Conn // nil: nothing else is called
	data     []byte
	size     int
}

func (s *sliced) Read(p []byte) (int, error) {
	if len(s.data) == 0 {
		return 0, net.ErrClosed
	}
	n := copy(p[:min(len(p), s.size)], s.data)
	s.data = s.data[n:]
	return n, nil
}
