package replicate

import (
	"crypto/ed25519"
	"sync"
	"sync/atomic"
	"time"
)

// SyncConfig says how a session is run. The zero value is a live session.
type SyncConfig struct {
	// Once ends the session when each side has, durably, all that the other
	// had when they met. It is enough that one side asks for it.
	Once bool

	// Want is what this side wishes to be sent; zero is everything. What it
	// passes is filed under it: see Partial replication in the package's
	// documentation.
	Want Filter

	// Allow is what the peer may be sent; zero is everything. Of the rest it
	// learns what clocks give away: who writes, and when last.
	Allow Filter

	// Peer is the public key that the channel has proved the peer to have; nil
	// is none. What a peer promises moves no clock if its key is not among
	// those of [Config.Trust]: its updates are verified and kept, and sent once
	// more by others. It is asked once a session. What only oneself can
	// reach, such as a pipe, may be given one's own key. Without Trust it does
	// not matter.
	Peer ed25519.PublicKey

	// HandshakeTimeout bounds the time until the peer has said who it is and
	// where it stands; 0 means 10 seconds.
	HandshakeTimeout time.Duration

	// FrameSize is how many bytes of ops go into one frame of updates; 0 and
	// what is above mean 32 KiB. A larger op travels alone, and so does every
	// op where FrameSize is 1.
	FrameSize int

	// Resync allows what must be done when the peer has forgotten deletions
	// that this replica may not know of: everything here is replaced by what
	// the peer has. It is then called with the own updates that the peer did
	// not have: they are not in the replica any more, nor written again, since
	// what they were based on may be gone. Other sessions of the replica end
	// with [ErrResynced]. When nil, Run returns [ErrBehind] instead; but an
	// empty replica, which has nothing to lose, is filled in any case.
	Resync func(unseen []*Update)
}

// Stats counts what a session moved. Bytes are those of the sync frames, not
// of what carries them.
type Stats struct {
	Peer            ReplicaID // zero until the peer has said who it is
	SentBytes       int64     // of frames made
	ReceivedBytes   int64     // of chunks that came in
	SentUpdates     int64     // in frames made
	ReceivedUpdates int64     // that were taken in, news or not
	AppliedUpdates  int64     // those received that were news
	CaughtUp        bool      // both had, at one moment, what the other had
	Diverged        bool      // a broken promise was found, and everything exchanged
}

// A Session keeps two replicas equal over one duplex, by the rules in this
// package's PROTOCOL.md. It is a state machine with two ends: frames that come
// in move it, and the source of outgoing frames says what its state calls for
// each time it is pulled. Run is called once; Stats and Finish may be called
// by any goroutine.
//
// Begin, Next, Take and End are what Run is made of. They drive a session
// without goroutines, one frame at a time, where every interleaving is to be
// played exactly; see package replicatetest.
type Session struct {
	r   *Replica
	cfg SyncConfig
	c   *reader
	enc encoder
	dec decoder

	// Guarded by the replica's lock.
	out  outbox
	peer greeting

	only  *scope   // what the peer may send, as both want it; out.only the other way
	under *partial // of that filter; nil for everything

	mu      sync.Mutex // guards the rest; taken after the replica's lock
	state   state
	err     error // why the session is ending, if not well
	once    bool
	greeted bool   // our greeting is out
	placed  bool   // the peer's position is known
	full    bool   // one side asks for everything
	partial bool   // filters hold; never set again once the greeting is out
	agreed  bool   // the peer's terms are known
	doubted bool   // the peer's promises count for nothing; never changes
	due     []Time // what the peer was promised to be told is durable
	dueAt   uint64 // and up to which place that is, if it is doubted
	heard   struct {
		marker bool // the peer has sent all it had
		bye    bool
	}
	announced []Time   // where the peer was told that we stand
	told      []Time   // up to where we have forgotten
	resync    bool     // and that we would take everything anew
	staging   *Replica // we do: it is built beside the old state
	feeding   bool     // the peer does: nothing is taken from it
	horizon   Clock    // what the peer had forgotten when we met

	goal []Time // the clock that the peer must hold before we leave
	said []Time // the clock that the peer says it holds, durably

	start struct { // when the session began
		greeting greeting
		seq      uint64
		swapped  uint64
		clock    []Time
	}
	buf []*Update

	sentBytes, receivedBytes     atomic.Int64
	sentUpdates, receivedUpdates atomic.Int64
	appliedUpdates               atomic.Int64
	caughtUp, diverged           atomic.Bool
}

// state is where the outgoing half of a session stands.
type state int

const (
	stateAlone     state = iota // the peer's greeting not seen
	stateTerms                  // partial: terms to be sent
	stateOffered                // terms sent, the peer's not seen
	stateMet                    // they differ: position to be sent
	statePlaced                 // position sent, the peer's not seen
	stateStreaming              // updates and markers
	stateLeft                   // bye or error sent: the end
)

// NewSession prepares a session of r with a peer.
func NewSession(r *Replica, cfg SyncConfig) *Session {
	if cfg.HandshakeTimeout == 0 {
		cfg.HandshakeTimeout = 10 * time.Second
	}
	s := &Session{r: r, cfg: cfg, once: cfg.Once, partial: !cfg.Want.All() || !cfg.Allow.All()}
	s.doubted = !r.trusts(cfg.Peer)
	s.out.limit = batchSize
	if cfg.FrameSize > 0 {
		s.out.limit = min(cfg.FrameSize, batchSize)
	}
	s.c = &reader{r: r, woken: make(chan struct{}, 1), peer: &s.out}
	s.c.poke()
	return s
}

// Stats returns what the session has moved so far.
func (s *Session) Stats() Stats {
	s.r.mu.RLock()
	peer := s.peer.id
	s.r.mu.RUnlock()
	return Stats{
		Peer:            peer,
		SentBytes:       s.sentBytes.Load(),
		ReceivedBytes:   s.receivedBytes.Load(),
		SentUpdates:     s.sentUpdates.Load(),
		ReceivedUpdates: s.receivedUpdates.Load(),
		AppliedUpdates:  s.appliedUpdates.Load(),
		CaughtUp:        s.caughtUp.Load(),
		Diverged:        s.diverged.Load(),
	}
}

// Finish asks a live session to end as if it had been run once: when both
// sides hold, durably, what the other has by now.
func (s *Session) Finish() {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heard.bye {
		return // the peer leaves, and so do we
	}
	s.once, s.goal, s.start.seq = true, s.r.timesUnder(s.out.only), s.r.log.head
	s.c.poke()
}

// stop ends the session with a failure, which the peer is told.
func (s *Session) stop(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopLocked(err)
}

func (s *Session) stopLocked(err error) {
	if s.err == nil {
		s.err = err
	}
	s.c.poke()
}

// failure returns why the session is ending, if not well.
func (s *Session) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Begin takes down what the session starts from, and registers it with its
// replica. It is called once, and not together with Run.
func (s *Session) Begin() {
	r := s.r
	r.mu.Lock()
	defer r.mu.Unlock()
	flags := byte(0)
	if s.cfg.Once {
		flags |= flagOnce
	}
	if s.partial {
		flags |= flagPartial
	} else if r.suspect {
		flags |= flagFull
		r.suspect = false
		s.full = true
	}
	if r.visible() == r.log.head && covers(r.publicClock(), r.times()) {
		flags |= flagSafe
	}
	s.start.greeting = r.greeting(flags)
	if s.partial {
		// A sum over everything is not for who is to have some of it.
		s.start.greeting.print = Fingerprint{}
	}
	s.start.seq, s.start.clock, s.start.swapped = r.log.head, r.times(), r.swapped
	r.readers[s.c] = struct{}{}
}

// End takes the session off its replica, wherever it stands: the end of a
// session that has said all, and a cut of any other.
func (s *Session) End() {
	s.c.close()
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.r.part(s)
	s.under.exit()
}
