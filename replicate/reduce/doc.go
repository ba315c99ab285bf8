// Package reduce replicates whatever a function of yours reduces to one value.
//
// A [Reduction] is a function of two values that makes one of them: the union of
// two sets, the later of two times. Given that it is commutative, associative and
// idempotent, all replicas of a [Collection] come to the same value, whatever was
// contributed where:
//
//	var births = reduce.TypeOf("births/json", union, reduce.Config[map[string]bool]{})
//	r := replicate.New(replicate.Config{Types: []replicate.Type{births.Type()}})
//	c, err := reduce.Open(r, "", births)
//	_, err = c.Update(map[string]bool{"ann": true})
//
// Replicas that share a tag agree on its function. Values are JSON unless
// [Config] has another encoding.
//
// # What is kept
//
// An update holds all that its author has contributed, reduced to one value; it
// replaces that author's update before. So the log holds one update for each author,
// as large as what that author contributed. Where that would grow without bound,
// [Config.Key] cuts it: values of different keys are never reduced together, and
// there is one update for each author and key. What changes nothing is not written.
//
// # What the function must be, and what if it is not
//
// It is called with values of one key. It may change and return its first
// argument, must leave the second as it was, and must not block nor call the
// replica. [Reduction.Check] tries a function on values of yours; call it in a test.
//
// A reader reduces the contributions of all authors in the order of their stamps.
// So replicas agree on the value even if the function is not commutative or
// associative; it is then just not what any of them saw before. One that is not
// idempotent, such as a sum, counts each contribution once; but whoever folds
// [Collection.Changes] must then keep the newest of each author. A function that
// panics makes the call that needed it return the panic as an error: nothing is
// written, and no session ends by it, since what arrives is only kept, and reduced
// when someone reads.
//
// # Cost
//
// A contribution costs its update (64 bytes and the op) and 24 bytes for its
// places, and each key about 60 for its map entry. Taking one in decodes it once,
// to see that it is one. Get, and an Update that is news, decode and reduce what
// each author contributed to the key. Nothing is kept decoded, so what is returned
// is the caller's to change.
//
// # Encoding
//
// An op is the key's length as a varint, the key, and the value to the end.
package reduce
