package rpc

// A Config sets the bounds of a Peer. The zero value is the default.
type Config struct {
	// MaxMessage is the largest message in bytes, in both directions. 0 means
	// 1 MiB.
	MaxMessage int

	// MaxDepth is how deep arrays and objects may be nested in a message, the
	// message itself counted, in both directions. 0 means 100.
	MaxDepth int

	// MaxFunctions is how many functions and streams the other side may hold
	// at once, beside methods, and how many calls may wait for an answer. 0
	// means 65,536.
	MaxFunctions int

	// MaxCalls is how many calls of the other side may run or wait to run
	// before nothing more is read. 0 means 1,024.
	MaxCalls int

	// ErrFirst says that functions of dnode's that are the last argument of a
	// call take an error first, as callbacks in Node do, in both directions:
	// null, or a text or an object with a message. False means that they take
	// results only, as in dnode's own examples; then an error of a handler goes
	// to Failed, and the caller is not called back. Between two Peers it means
	// nothing.
	ErrFirst bool

	// InOrder has calls of methods run one after another, in the order they
	// were made, as they do in Node; one that waits in Call lets the next one
	// run. False means that they run side by side.
	InOrder bool

	// Plain has a Peer speak dnode's protocol only, and not tell that it is a
	// Peer.
	Plain bool

	// Failed, if not nil, is told what there is nobody else to tell: errors
	// and panics (*pull.PanicError) of handlers whose caller awaits no answer,
	// calls of what does not exist. It is called on a goroutine of its own, by
	// several at once.
	Failed func(err error)
}

func (c Config) withDefaults() Config {
	orDefault(&c.MaxMessage, defaultMessage)
	orDefault(&c.MaxDepth, 100)
	orDefault(&c.MaxFunctions, 1<<16)
	orDefault(&c.MaxCalls, 1<<10)
	return c
}

const (
	defaultMessage = 1 << 20

	// maxArgs is the most arguments that a link may make of a call, and the
	// most elements of any array that it extends.
	maxArgs = 1024
)

func orDefault(n *int, value int) {
	if *n <= 0 {
		*n = value
	}
}
