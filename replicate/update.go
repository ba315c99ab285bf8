package replicate

// Limits on what a replica takes in and gives out.
const (
	// MaxUpdate bounds one update's op, in bytes.
	MaxUpdate = 4 << 20
	// MaxName bounds an object's type tag and its name, in bytes each.
	MaxName = 4 << 10

	// batchSize is what a frame of updates holds at most; an update larger
	// than that travels alone.
	batchSize = 32 << 10
	// maxFrame bounds a frame: one update of the largest size, and its names.
	maxFrame = MaxUpdate + 64<<10
)

// An ObjectName names one object of a replica: what type it has, and which one
// of that type it is. The same name with two types is two objects.
type ObjectName struct {
	Type string // the type's tag, such as "model/json"
	Name string // "" is a good name for the only one
}

// String returns type and name, with a colon between them if there is a name.
func (n ObjectName) String() string {
	if n.Name == "" {
		return n.Type
	}
	return n.Type + ":" + n.Name
}

// An Update is one change of one object by one author. It is immutable and may
// be shared between goroutines.
//
// Inside the package, what the log holds is either such an update or the head
// of a transaction, which has no object nor op of its own; see group.
type Update struct {
	op     string // and behind it the signature, if the author signs
	author *author
	object *object
	time   Time
	seq    uint64 // place in this replica's order of arrival, from 1
	group  *group // nil unless this is a transaction or a part of one
	origin uint32 // the peer it came from, by peerEpochs.number; 0 for none
	state  updateState
}

// updateState says who may still see an update.
type updateState uint8

const (
	stateLive     updateState = iota
	stateReplaced             // obsolete here; peers see it until what replaced it is durable
	stateDropped              // in no one's view any more
)

// Stamp returns who wrote the update and when: its name.
func (u *Update) Stamp() Stamp { return Stamp{Time: u.time, Author: u.author.name} }

// Object returns the name of the object that the update changes.
func (u *Update) Object() ObjectName { return u.object.name }

// Op returns the change itself, in the data type's own encoding.
func (u *Update) Op() string { return u.op[:len(u.op)-u.author.trailer] }

// Place returns where the update is in its replica's order of arrival, which
// the updates of a transaction share; see [Replica.Place].
func (u *Update) Place() uint64 { return u.entry().seq }

// Newer reports whether u's stamp is above v's: the order in which the last
// writer wins.
func (u *Update) Newer(v *Update) bool {
	if u.time != v.time {
		return u.time > v.time
	}
	return u.author.name > v.author.name
}
