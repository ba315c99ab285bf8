package replicate_test

import (
	"crypto/ed25519"
	"crypto/sha512"
	"fmt"
	"math/big"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/model"
	"github.com/weir-go/weir/through/frame"
)

// keyOfNo returns a key that is the same in every run.
func keyOfNo(n byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat(string('A'+n), ed25519.SeedSize)))
}

func publicOf(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

// only passes just these keys.
func only(keys ...ed25519.PrivateKey) func(ed25519.PublicKey) bool {
	return func(key ed25519.PublicKey) bool {
		for _, k := range keys {
			if publicOf(k).Equal(key) {
				return true
			}
		}
		return false
	}
}

// planted is a replica that holds one update whatever it is.
func planted(s replicate.Stamp, name replicate.ObjectName, op, signature string) *replicate.Replica {
	r := replicate.New(replicate.Config{KeepUnknown: true, Now: noon})
	r.Plant(s, name, op, signature)
	return r
}

// row: 17 secure
func TestSignedUpdatesTravel(t *testing.T) {
	key := keyOfNo(0)
	a, ma := newReplica(replicate.Config{Key: key})
	b, mb := newReplica(replicate.Config{SignedOnly: true})
	require.NoError(t, ma.Set("x", 1))
	public, ok := a.Author().Key()
	require.True(t, ok)
	require.True(t, publicOf(key).Equal(public))
	require.NoError(t, b.Write(t.Context(), a.Read(nil)))
	require.Equal(t, "x=1 ", dumpOf(mb))
	require.Equal(t, a.Fingerprint(), b.Fingerprint())
	u := b.Live()[0]
	require.Equal(t, a.Live()[0].Op(), u.Op())
	require.Equal(t, a.Live()[0].Signature(), u.Signature())
	require.NoError(t, u.Verify())
	require.Equal(t, 64, int(unsafe.Sizeof(*u)), "signatures are for who signs to pay")
}

// What a signature covers cannot be changed, nor can the signature. What is
// refused changes nothing, and both ends know why.
func TestForgedUpdates(t *testing.T) {
	key, other := keyOfNo(0), keyOfNo(1)
	a, ma := newReplica(replicate.Config{Key: key})
	require.NoError(t, ma.Set("x", 1))
	require.NoError(t, ma.Set("y", 2))
	u, v := a.Live()[0], a.Live()[1]
	s, name, op, signature := u.Stamp(), u.Object(), u.Op(), u.Signature()
	later, reborn, forger := s, s, s
	later.Time++
	reborn.Author = s.Author[:39] + replicate.Author([]byte{s.Author[39] ^ 1})
	forger.Author = replicate.Author(publicOf(other)) + s.Author[32:]
	bent := signature[:10] + string([]byte{signature[10] ^ 1}) + signature[11:]
	for what, r := range map[string]*replicate.Replica{
		"op":          planted(s, name, op[:len(op)-1]+"7", signature),
		"time":        planted(later, name, op, signature),
		"incarnation": planted(reborn, name, op, signature),
		"key":         planted(forger, name, op, signature),
		"name":        planted(s, replicate.ObjectName{Type: name.Type, Name: "n"}, op, signature),
		"type":        planted(s, replicate.ObjectName{Type: "t", Name: name.Name}, op, signature),
		"signature":   planted(s, name, op, bent),
		"another's":   planted(s, name, op, v.Signature()),
		"none":        planted(s, name, op, strings.Repeat("\x00", 64)),
	} {
		b, mb := newReplica(replicate.Config{KeepUnknown: true})
		require.NoError(t, mb.Set("z", 3))
		before := b.Fingerprint()
		err := b.Write(t.Context(), r.Read(nil))
		require.ErrorIs(t, err, replicate.ErrSignature, what)
		var refused *replicate.SignatureError
		require.ErrorAs(t, err, &refused, what)
		require.Equal(t, r.Live()[0].Stamp(), refused.Stamp, what)
		require.Equal(t, r.Live()[0].Object(), refused.Object, what)
		require.ErrorIs(t, r.Live()[0].Verify(), replicate.ErrSignature, what)
		both(t, r, b, replicate.ErrSignature)
		require.Equal(t, before, b.Fingerprint(), what)
		require.Equal(t, "z=3 ", dumpOf(mb), what)
		require.NotContains(t, b.Clock(), refused.Stamp.Author, what)

		holder, mh := newReplica(replicate.Config{KeepUnknown: true})
		require.NoError(t, holder.Write(t.Context(), a.Read(nil)))
		require.ErrorIs(t, holder.Write(t.Context(), r.Read(nil)), replicate.ErrSignature, what)
		require.Equal(t, "x=1 y=2 ", dumpOf(mh), what)
	}
	b, mb := newReplica(replicate.Config{})
	require.NoError(t, b.Write(t.Context(), planted(s, name, op, signature).Read(nil)))
	require.Equal(t, "x=1 ", dumpOf(mb), "the same way, and true")
}

// again makes another signature of the same, as only who has the key can.
func again(key ed25519.PrivateKey, msg []byte) string {
	// RFC 8032, 5.1.6, with a nonce of our own: a key pair, whose public half is
	// the nonce's.
	nonce := keyOfNo(9)
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	number := func(b []byte) *big.Int {
		b = slices.Clone(b)
		slices.Reverse(b)
		return new(big.Int).SetBytes(b)
	}
	scalar := func(key ed25519.PrivateKey) *big.Int {
		h := sha512.Sum512(key.Seed())
		h[0] &= 248
		h[31] = h[31]&63 | 64
		return number(h[:32])
	}
	k := sha512.Sum512(slices.Concat(publicOf(nonce), publicOf(key), msg))
	s := new(big.Int).Mul(number(k[:]), scalar(key))
	b := s.Add(s, scalar(nonce)).Mod(s, order).FillBytes(make([]byte, 32))
	slices.Reverse(b)
	return string(publicOf(nonce)) + string(b)
}

// Two signatures of one update do not make it two.
func TestTwoSignaturesOfOneUpdate(t *testing.T) {
	key := keyOfNo(0)
	a, ma := newReplica(replicate.Config{Key: key})
	require.NoError(t, ma.Set("x", 1))
	u := a.Live()[0]
	r := planted(u.Stamp(), u.Object(), u.Op(), again(key, u.Statement()))
	require.NotEqual(t, u.Signature(), r.Live()[0].Signature())
	require.NoError(t, r.Live()[0].Verify())
	b, _ := newReplica(replicate.Config{})
	require.NoError(t, b.Write(t.Context(), a.Read(nil)))
	require.NoError(t, b.Write(t.Context(), r.Read(nil)))
	require.Equal(t, a.Fingerprint(), b.Fingerprint())
	require.Equal(t, r.Fingerprint(), b.Fingerprint())
	require.Equal(t, u.Signature(), b.Live()[0].Signature(), "the first stays")
}

// One forged update among many spoils its frame, and is named, wherever it is.
func TestForgedAmongMany(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	a, ma := newReplica(replicate.Config{Key: keyOfNo(0)})
	for i := range 100 {
		require.NoError(t, ma.Set(fmt.Sprint(i), i))
	}
	all := a.Live()
	for _, forged := range []int{0, 1, 50, 98, 99} {
		r := replicate.New(replicate.Config{KeepUnknown: true, Now: noon})
		for i, u := range all {
			signature := u.Signature()
			if i >= forged {
				signature = all[(i+1)%100].Signature() // swapped
			}
			r.Plant(u.Stamp(), u.Object(), u.Op(), signature)
		}
		b, _ := newReplica(replicate.Config{})
		err := b.Write(t.Context(), r.Read(nil))
		var refused *replicate.SignatureError
		require.ErrorAs(t, err, &refused)
		require.Equal(t, all[forged].Stamp(), refused.Stamp, "the first")
		require.Zero(t, b.Len())
	}
}

// updatesOf returns the payload of the first frame of updates in a dump, and the
// frames before it.
func updatesOf(t *testing.T, r *replicate.Replica) (before, payload []byte) {
	dump, err := pull.Collect(t.Context(), r.Read(nil))
	require.NoError(t, err)
	for _, chunk := range dump {
		if replicate.IsUpdates(chunk) {
			payload, _, err = frame.Parse(chunk, 1<<20)
			require.NoError(t, err)
			return before, payload
		}
		before = append(before, chunk...)
	}
	t.Fatal("no updates")
	return nil, nil
}

// The column of signatures has just one for each row of who signs.
func TestSignatureColumn(t *testing.T) {
	a, ma := newReplica(replicate.Config{Key: keyOfNo(0)})
	require.NoError(t, ma.Set("x", 1))
	c, mc := newReplica(replicate.Config{})
	require.NoError(t, mc.Set("x", 1))
	for _, row := range []struct {
		of        *replicate.Replica
		cut       int
		more      string
		signature string
	}{
		{of: a, cut: 64}, {of: a, cut: 1}, {of: a, more: "x"},
		{of: c, more: strings.Repeat("x", 64)},
	} {
		before, payload := updatesOf(t, row.of)
		payload = append(payload[:len(payload)-row.cut:len(payload)-row.cut], row.more...)
		b, _ := newReplica(replicate.Config{})
		err := b.Write(t.Context(), pull.Values(before, frame.Append(nil, payload)))
		require.ErrorIs(t, err, replicate.ErrCorrupt)
		require.Zero(t, b.Len())
	}
}

func TestSignedOnly(t *testing.T) {
	a, ma := newReplica(replicate.Config{})
	require.NoError(t, ma.Set("x", 1))
	b, mb := newReplica(replicate.Config{SignedOnly: true})
	require.ErrorIs(t, b.Write(t.Context(), a.Read(nil)), replicate.ErrUnsigned)
	both(t, a, b, replicate.ErrUnsigned)
	require.Zero(t, b.Len())
	require.ErrorIs(t, a.Live()[0].Verify(), replicate.ErrUnsigned)

	require.ErrorIs(t, mb.Set("y", 1), replicate.ErrUnsigned, "it has no key")
	tx := b.Begin()
	require.NoError(t, mb.In(tx).Set("y", 1))
	_, err := tx.Commit()
	require.ErrorIs(t, err, replicate.ErrUnsigned)
	_, err = mb.Delete("y")
	require.ErrorIs(t, err, replicate.ErrUnsigned)
	require.Zero(t, b.Len())
}

// row: 17 secure: an update signed with an unknown key is not applied
func TestTrustedAuthors(t *testing.T) {
	mine, friend, foe := keyOfNo(0), keyOfNo(1), keyOfNo(2)
	trust := only(friend)
	b, mb := newReplica(replicate.Config{
		Key: mine, Trust: func(key ed25519.PublicKey) bool { return trust(key) },
	})
	write := func(key ed25519.PrivateKey, name string) *replicate.Replica {
		r, m := newReplica(replicate.Config{Key: key})
		require.NoError(t, m.Set(name, 1))
		return r
	}
	fr := write(friend, "friend")
	require.NoError(t, b.Write(t.Context(), fr.Read(nil)))
	require.NoError(t, b.Write(t.Context(), write(mine, "mine").Read(nil)), "nobody asks about oneself")
	require.ErrorIs(t, b.Write(t.Context(), write(foe, "foe").Read(nil)), replicate.ErrUntrusted)
	both(t, write(foe, "foe"), b, replicate.ErrUntrusted)
	require.ErrorIs(t, b.Write(t.Context(), write(nil, "x").Read(nil)), replicate.ErrUnsigned)
	require.Equal(t, "friend=1 mine=1 ", dumpOf(mb))
	require.NotContains(t, b.Clock(), fr.Author(), "a dump proves nothing")

	trust = only() // what is held is not refused when it comes again
	require.NoError(t, b.Write(t.Context(), fr.Read(nil)))
	require.ErrorIs(t, b.Write(t.Context(), write(friend, "x").Read(nil)), replicate.ErrUntrusted)
}

// Whoever relays an update needs no key and does not have to know its type.
func TestRelayedByteForByte(t *testing.T) {
	key := keyOfNo(0)
	a, ma := newReplica(replicate.Config{Key: key})
	for i := range 3 {
		require.NoError(t, ma.Set(fmt.Sprint("x", i), i))
	}
	relay := replicate.New(replicate.Config{KeepUnknown: true, Now: noon})
	c, mc := newReplica(replicate.Config{Trust: only(key)})
	synctest.Test(t, func(t *testing.T) {
		syncOnce(t, a, relay)
		syncOnce(t, relay, c)
	})
	require.Equal(t, "x0=0 x1=1 x2=2 ", dumpOf(mc))
	_, first := updatesOf(t, a)
	_, last := updatesOf(t, relay)
	require.Equal(t, first, last)
}

// Each row of a transaction is signed, so that what a filter leaves of it is.
func TestSignedTransaction(t *testing.T) {
	a, ma := newReplica(replicate.Config{Key: keyOfNo(0)})
	tx := a.Begin()
	for _, name := range []string{"ax", "bx", "ay"} {
		require.NoError(t, ma.In(tx).Set(name, 1))
	}
	_, err := tx.Commit()
	require.NoError(t, err)
	b, mb := newReplica(replicate.Config{SignedOnly: true})
	require.NoError(t, b.Write(t.Context(), a.ReadOf(keys("a"), nil)))
	require.Equal(t, "ax=1 ay=1 ", dumpOf(mb))
	require.NoError(t, b.Write(t.Context(), a.Read(nil)))
	require.Equal(t, "ax=1 ay=1 bx=1 ", dumpOf(mb))
	require.Equal(t, a.Fingerprint(), b.Fingerprint())
	for _, u := range b.Live() {
		require.NoError(t, u.Verify())
	}
}

// Limits hold for what is signed, whose frames are larger.
func TestLargestSigned(t *testing.T) {
	const parts = 100
	commit := func(left int) (*replicate.Replica, error) {
		a, ma := newReplica(replicate.Config{Key: keyOfNo(0)})
		h, err := a.Open(replicate.ObjectName{Type: model.JSON.Tag})
		require.NoError(t, err)
		tx := a.Begin()
		_, err = h.In(tx).Write("\x01\x01k\"" + strings.Repeat("x", replicate.MaxUpdate-left) + "\"")
		require.NoError(t, err)
		for i := range parts {
			require.NoError(t, ma.In(tx).Set(fmt.Sprintf("%05d", i), 1))
		}
		_, err = tx.Commit()
		return a, err
	}
	_, err := commit(parts*100 + 5)
	require.ErrorIs(t, err, replicate.ErrTooLarge, "with its signatures")
	a, err := commit(parts*110 + 200)
	require.NoError(t, err)
	h, err := a.Open(replicate.ObjectName{Type: model.JSON.Tag})
	require.NoError(t, err)
	_, err = h.Write("\x01\x01l\"" + strings.Repeat("x", replicate.MaxUpdate-5) + "\"")
	require.NoError(t, err)
	b, _ := newReplica(replicate.Config{SignedOnly: true})
	require.NoError(t, b.Write(t.Context(), a.Read(nil)))
	require.Equal(t, a.Fingerprint(), b.Fingerprint())
}

// lastByte is a type whose keys are how ops end.
type lastByte struct{}

func (lastByte) Apply(*replicate.Update, func(*replicate.Update)) {}

// A type sees ops, never what stands behind them.
func TestTypesSeeNoSignatures(t *testing.T) {
	ops := map[string]bool{}
	typ := replicate.Type{
		Tag: "last", New: func() replicate.Object { return lastByte{} },
		Check:   func(op string) error { ops[op] = true; return nil },
		Key:     func(op string) (string, bool) { ops[op] = true; return op[len(op)-1:], true },
		Observe: func(u *replicate.Update, _ []*replicate.Update) { ops[u.Op()] = true },
	}
	cfg := replicate.Config{Types: []replicate.Type{typ}, Key: keyOfNo(0), Now: noon}
	a, b := replicate.New(cfg), replicate.New(cfg)
	h, err := a.Open(replicate.ObjectName{Type: "last"})
	require.NoError(t, err)
	for _, op := range []string{"ax", "ay"} {
		_, err = h.Write(op)
		require.NoError(t, err)
	}
	x := replicate.Only(replicate.Rule{Type: "last", Key: "x"})
	require.NoError(t, b.Write(t.Context(), a.ReadOf(x, nil)))
	require.Len(t, b.Live(), 1)
	require.Equal(t, map[string]bool{"ax": true, "ay": true}, ops)
}
