package replicate

// A Type is a kind of object that a replica accepts. Its fields are read, not
// changed, once a replica has been made with it.
type Type struct {
	// Tag names the type on the wire, such as "model/json". Replicas that
	// share an object agree on the meaning of its tag.
	Tag string

	// New returns the empty state of a new object of the type.
	New func() Object

	// Check reports why op cannot be applied, whatever the state: a malformed
	// op ends the session it came by, and nothing of its frame is applied.
	// Nil accepts everything. It may be called by several goroutines at once.
	Check func(op string) error

	// Tombstone reports whether op is of a kind that can be forgotten once every
	// member has it, such as one that says only that something is no more; see
	// [Replica.Forget] and [Forgetter]. What replicas show must not differ by
	// such updates alone: they are left out where replicas that promise the
	// same are compared. Nil means that none is. It may be called by several
	// goroutines at once.
	Tombstone func(op string) bool

	// Key returns the key that op changes, for filters by key; ok is false if
	// it changes none. It is called with what Check accepts, and must not
	// depend on anything else. What an update of one key makes obsolete has the
	// same key, or none: else a replica that is sent only some keys would miss
	// that. Nil means that no update has a key.
	Key func(op string) (key string, ok bool)

	// Observe is told of each update that an object of the type was given, and
	// of those that it called obsolete: among them u itself if something newer
	// was here, which is how an overwrite that lost is seen. It is called with
	// the replica's lock held, once at a time, and must not block, call the
	// replica, nor keep the slice. Nil tells nobody.
	Observe func(u *Update, obsolete []*Update)
}

// A Forgetter is an [Object] whose tombstones can be forgotten. What it is asked
// to forget are live tombstones that every member has, and with them all that any
// member wrote before it had them.
type Forgetter interface {
	// Needed returns which of gone must stay even if all the others go, since
	// something that stays refers to them. It changes nothing.
	Needed(gone []*Update) []*Update

	// Forget takes updates out of the state, of which none is needed. It then is
	// what it would be had neither they nor what they made obsolete ever been,
	// and shows what it showed before.
	Forget(gone []*Update)
}

// An Object is the state of one object: a function of the set of updates it
// was given, in whatever order they came.
//
// The replica calls Apply with its lock held, once at a time: Apply must not
// block nor call the replica. What else reads the state does so inside
// [Handle.View].
type Object interface {
	// Apply takes an update into the state. It calls obsolete for each update
	// that was applied before and has no effect any more because of u; if u
	// itself has none, since something newer is here, it calls obsolete(u).
	//
	// The result must not depend on the order of calls, also where u refers
	// to something that has not arrived: that reference is kept, and takes
	// effect when it does. Obsolescence is transitive: what u replaces also
	// makes obsolete all that the replaced one did. The replica never hands
	// over the same update twice while it is live, but a replaced one may come
	// again.
	Apply(u *Update, obsolete func(*Update))
}

// fresh returns the empty state of an object.
func (t *Type) fresh() Object {
	if t.New == nil {
		return opaque{}
	}
	return t.New()
}

// object is an Object with its name and place in the replica.
type object struct {
	name  ObjectName
	typ   *Type
	state Object
	index int // in Replica.objects
}

// opaque is the state of an object whose type is not known: it keeps every
// update, since only the type could say which are obsolete.
type opaque struct{}

func (opaque) Apply(*Update, func(*Update)) {}
