package replicate

import "encoding/binary"

// A token says how far a sender's log has been received: every place up to Pos
// of the log that it had while its epoch was Epoch. It lets an interrupted
// session go on without sending again what lies above the clock. It may be
// dropped at any time; a journal keeps it only beside a marker.
type token struct {
	Epoch uint64
	Pos   uint64
}

type senderToken struct {
	Sender ReplicaID
	token
}

// maxTokens bounds how many senders are remembered; others start from the
// clock.
const maxTokens = 1024

// keepToken notes that the sender's log is received up to a place, as far as a
// filter passes it (nil: everything). The caller holds the lock and has applied
// everything before it.
func (r *Replica) keepToken(p *partial, sender ReplicaID, t token) {
	tokens := r.tokensOf(p)
	old, ok := tokens[sender]
	if !ok && len(tokens) >= maxTokens || ok && old.Epoch == t.Epoch && old.Pos >= t.Pos {
		return
	}
	if tokens[sender] = t; p != nil {
		p.moves++
	}
}

func (t senderToken) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(append(b, t.Sender[:]...), t.Epoch)
	return binary.AppendUvarint(b, t.Pos)
}

// tokens reads a count and that many tokens.
func (c *cursor) tokens() []senderToken {
	out := make([]senderToken, c.count(len(ReplicaID{})+9))
	for i := range out {
		copy(out[i].Sender[:], c.bytes(len(ReplicaID{})))
		out[i].Epoch = c.uint64()
		out[i].Pos = c.uvarint()
	}
	return out
}

func (r *Replica) copyTokens() []senderToken {
	out := make([]senderToken, 0, len(r.tokens))
	for id, t := range r.tokens {
		out = append(out, senderToken{id, t})
	}
	return out
}
