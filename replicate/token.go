package replicate

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

// keepToken notes that the sender's log is received up to a place. The caller
// holds the lock and has applied everything before it.
func (r *Replica) keepToken(sender ReplicaID, t token) {
	old, ok := r.tokens[sender]
	if !ok && len(r.tokens) >= maxTokens || ok && old.Epoch == t.Epoch && old.Pos >= t.Pos {
		return
	}
	r.tokens[sender] = t
}

func (r *Replica) copyTokens() []senderToken {
	out := make([]senderToken, 0, len(r.tokens))
	for id, t := range r.tokens {
		out = append(out, senderToken{id, t})
	}
	return out
}
