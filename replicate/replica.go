package replicate

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"io"
	"sync"
	"time"
)

// Config says what a replica is and what it depends on. The zero value is a
// new anonymous replica that accepts no type of object.
type Config struct {
	// ID names the replica; zero means a new random one.
	ID ReplicaID

	// Set names the data set the replica belongs to. Replicas of two
	// different named sets refuse each other; "" joins anything.
	Set string

	// Types lists the types of object that the replica accepts.
	Types []Type

	// KeepUnknown has objects of other types kept and relayed unread. When
	// false, a peer that sends one ends its session with an
	// UnknownTypeError.
	KeepUnknown bool

	// Key signs own updates, whose author is then its public half; nil leaves
	// them unsigned. Several replicas may have one key, each with incarnations
	// of its own. A key that is not one panics.
	Key ed25519.PrivateKey

	// SignedOnly has updates that are not signed refused: they end the session
	// or load that they come by with ErrUnsigned. When false, and Trust is nil,
	// they are taken in. A signature that does not match is refused anyway.
	SignedOnly bool

	// Trust says whether a public key is one of those that may write here: a
	// signed update of another ends what it comes by with ErrUntrusted. It goes
	// with SignedOnly. Only sessions whose [SyncConfig].Peer it accepts, and no
	// dumps, move the clock. The public half of Key is not asked about. It may
	// be called by several goroutines at once. Nil is everybody.
	Trust func(key ed25519.PublicKey) bool

	// MaxAhead is how far a peer's stamps may lie ahead of this host's wall
	// clock; 0 means 5 minutes.
	MaxAhead time.Duration

	// Now reads the wall clock; nil means time.Now.
	Now func() time.Time

	// Rand is the source of ids, incarnations and epochs; nil means
	// crypto/rand. A failure to read from it panics.
	Rand io.Reader
}

// A Replica is a set of named objects that converge with those of its peers:
// a log of updates, the state they make, and a clock that says what is held.
// It keeps everything in memory; package journal keeps it in a file. All
// methods may be called by several goroutines at once.
type Replica struct {
	id    ReplicaID
	set   string
	epoch uint64 // random at every opening, never stored for reuse
	cfg   Config
	types map[string]*Type

	identity  string       // what the authors of own writes begin with: id or key
	mu        sync.RWMutex // guards all below; never held while a source or sink runs
	self      *author      // who writes here now
	renewed   bool         // self changed since a journal was last told
	spare     *author      // the last one that was taken because of a copy
	authors   []*author
	byName    map[Author]*author
	objects   []*object
	byObject  map[ObjectName]*object
	log       log
	print     Fingerprint          // of all that is live, and of the clock
	tombs     Fingerprint          // of the live tombstones alone
	horizon   []Time               // by author index: tombstones up to here may be forgotten
	members   map[ReplicaID]member // the declared ones
	declared  uint64               // counts the declarations of members
	heard     uint64               // counts what was heard of them
	swapped   uint64               // places below were replaced; see resync
	forgotten uint64               // the newest place of what was forgotten
	last      Time                 // newest time issued or seen
	failed    error
	unread    bool // some objects are of unknown types

	readers  map[*reader]struct{} // peers and watchers, woken by changes
	peers    map[ReplicaID]*peerEpochs
	tokens   map[ReplicaID]token
	partials []*partial // what is held under filters, oldest first
	suspect  bool       // a peer's promise or ours was false: exchange everything
	openings uint32     // of peers; see peerEpochs.number

	partialsChange uint64 // counts changes of that list

	durable  durability
	obsolete collector
	shadows  shadows
}

// New returns an empty replica.
func New(cfg Config) *Replica {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.MaxAhead == 0 {
		cfg.MaxAhead = 5 * time.Minute
	}
	r := &Replica{
		id: cfg.ID, set: cfg.Set, cfg: cfg,
		types:    make(map[string]*Type, len(cfg.Types)),
		byName:   make(map[Author]*author),
		byObject: make(map[ObjectName]*object),
		readers:  make(map[*reader]struct{}),
		peers:    make(map[ReplicaID]*peerEpochs),
		tokens:   make(map[ReplicaID]token),
	}
	for i := range cfg.Types {
		r.types[cfg.Types[i].Tag] = &cfg.Types[i]
	}
	if r.id == (ReplicaID{}) {
		r.random(r.id[:])
	}
	r.identity = r.cfg.identity(r.id)
	r.newEpoch()
	r.obsolete.init()
	r.newIncarnation()
	return r
}

// collector gathers what an Apply makes obsolete, without allocating.
type collector struct {
	list []verdict
	gone []*Update // scratch of place
	row  *Update   // that is being applied
	add  func(*Update)
}

func (c *collector) init() {
	c.add = func(u *Update) { c.list = append(c.list, verdict{u, c.row}) }
}

// apply applies one row.
func (c *collector) apply(p *Update) {
	c.row = p
	n := len(c.list)
	p.object.state.Apply(p, c.add)
	if f := p.object.typ.Observe; f != nil {
		var old []*Update
		for _, v := range c.list[n:] {
			old = append(old, v.old)
		}
		f(p, old)
	}
}

func (r *Replica) random(p []byte) {
	if _, err := io.ReadFull(r.cfg.Rand, p); err != nil {
		panic("replicate: reading Config.Rand: " + err.Error())
	}
}

func (r *Replica) newEpoch() {
	var epoch [8]byte
	r.random(epoch[:])
	r.epoch = binary.BigEndian.Uint64(epoch[:])
}

// newIncarnation takes a new author for the writes to come. A journal notes
// it at once: why there is one must not be forgotten with the process.
func (r *Replica) newIncarnation() {
	var inc [incarnationSize]byte
	r.random(inc[:])
	r.self = r.internAuthor(Author(r.identity + string(inc[:])))
	r.renewed = true
	r.wake()
}

// disown takes a new author because a copy of the replica may write as this one.
// It may be told so again and again: what nothing was written as yet will do.
func (r *Replica) disown() {
	if a := r.self; a == r.spare && a.clock == 0 && a.last() == 0 {
		return
	}
	r.newIncarnation()
	r.spare = r.self
}

// ID returns the replica's id.
func (r *Replica) ID() ReplicaID { return r.id }

// Now reads the replica's wall clock, [Config.Now].
func (r *Replica) Now() time.Time { return r.cfg.Now() }

// Set returns the name of the data set, or "".
func (r *Replica) Set() string { return r.set }

// Author returns who this replica writes as. It changes when the replica
// learns that it may have lost own writes that others have seen.
func (r *Replica) Author() Author {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.self.name
}

// Clock returns what the replica promises to hold, in memory.
func (r *Replica) Clock() Clock {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.clock()
}

func (r *Replica) clock() Clock { return r.named(r.times()) }

// Fingerprint returns the sum over all that the replica holds and promises:
// equal fingerprints mean equal replicas.
func (r *Replica) Fingerprint() Fingerprint {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.print
}

// Len returns the number of live updates, each of a transaction counted.
func (r *Replica) Len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	n := 0
	for _, u := range r.log.entries {
		switch {
		case u.state != stateLive:
		case u.group != nil:
			n += u.group.live
		default:
			n++
		}
	}
	return n
}

// internAuthor returns the one record of an author.
func (r *Replica) internAuthor(name Author) *author {
	a := r.byName[name]
	if a == nil {
		a = &author{name: name, index: len(r.authors), trailer: trailerOf(name)}
		r.authors = append(r.authors, a)
		r.byName[name] = a
	}
	return a
}

// internObject returns the one record of an object, making it if its type is
// accepted.
func (r *Replica) internObject(name ObjectName) (*object, error) {
	if o := r.byObject[name]; o != nil {
		return o, nil
	}
	o := &object{name: name, index: len(r.objects)}
	switch typ := r.types[name.Type]; {
	case typ != nil:
		o.typ = typ
	case r.cfg.KeepUnknown:
		o.typ, r.unread = &Type{Tag: name.Type}, true
	default:
		return nil, &UnknownTypeError{Object: name}
	}
	o.state = o.typ.fresh()
	r.objects = append(r.objects, o)
	r.byObject[name] = o
	return o, nil
}

// promise raises the own clock's entry for a.
func (r *Replica) promise(a *author, t Time) {
	if t <= a.clock {
		return
	}
	r.print.sub(a.hash)
	a.clock, a.hash = t, hashEntry(a.name, t)
	r.print.add(a.hash)
	r.witness(t)
}

// witness lets the own stamps to come lie above t.
func (r *Replica) witness(t Time) { r.last = max(r.last, t) }

// tick issues the next stamp's time.
func (r *Replica) tick() Time {
	r.last = max(r.last+1, TimeOf(r.cfg.Now()))
	return r.last
}

// wake tells every reader that there may be something for it.
func (r *Replica) wake() {
	for c := range r.readers {
		c.poke()
	}
}

// Objects returns the names of all objects that hold something or were opened.
func (r *Replica) Objects() []ObjectName {
	r.mu.RLock()
	defer r.mu.RUnlock()
	names := make([]ObjectName, len(r.objects))
	for i, o := range r.objects {
		names[i] = o.name
	}
	return names
}

// Flush waits until all that the replica holds now is durable: in the journal
// under its fsync policy. Without a journal it returns at once. It returns
// the journal's failure, or context.Cause(ctx) when ctx is done first.
func (r *Replica) Flush(ctx context.Context) error {
	r.mu.RLock()
	head := r.log.head
	r.mu.RUnlock()
	return r.awaitDurable(ctx, head)
}
