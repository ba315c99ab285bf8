// Package rpc calls functions of the other side, in both directions, as dnode.
//
// A [Peer] runs over any duplex of messages: [Lines] makes one of a connection,
// a mux stream or a pipe; package websock has one. What the other side may
// call is a map or struct with [Handler] values in it, at any depth, beside
// plain values; [Func] makes a Handler of a typed function. [Peer.Call] calls
// what the other side offers, and [Caller] is the other side for a handler.
//
//	p := rpc.New(rpc.Lines(conn, 0), rpc.Methods{
//		"louder": rpc.Func(func(_ context.Context, s string) (string, error) {
//			return strings.ToUpper(s), nil
//		}),
//	}, rpc.Config{})
//	var loud string
//	err := p.Call(ctx, "louder", &loud, "beep")
//
// The other side may be dnode 1.2.2 of npm, unmodified, or another Peer; the
// first message tells. Between two Peers every call is answered, with a result,
// an error or a panic's; deadlines and cancelling travel; functions that
// nobody holds any more are forgotten; and streams may be passed. PROTOCOL.md
// says how. With dnode a call is a message, and its answer, if any, is a call
// of the function that was its last argument.
//
// # Functions are values
//
// A Handler among the arguments or in a result arrives as a [Remote], which can
// be called, at any depth; a Remote that is sent on is called through this
// side. Each time a Handler is sent it is another function to the receiver. A
// Remote that is garbage is forgotten by the other side, if that is a Peer;
// dnode, whose functions may be the same one twice, is told only by
// [Remote.Release]. dnode for its part never says what it has forgotten: use
// [While] for functions that are handed to it again and again, or the table is
// full one day and Call fails with ErrTooMany.
//
// # Laws
//
// Every call of a Peer returns: with the answer, with the cause of its context,
// or with the peer's cause when the connection is lost. None is sent again.
//
// A handler that panics fails its call, and nothing else. Its context is done
// when the caller has given up, when the caller's deadline has passed and when
// the connection is lost.
//
// Methods run side by side, unless Config.InOrder is set. The calls of one
// function that was passed as a value run one after another, in the order they
// were made, so that a callback sees what happens in the order it happened. A
// handler that waits in Call, under its own context, lets the next one run.
//
// The hard case is the call within a call: a handler that calls back, whose
// callback calls again, with as many at once as there may be. At most
// Config.MaxCalls handlers run or wait to run; then nothing more is read, and
// the connection slows the caller down. A handler that itself waits in Call,
// under its own context, does not count meanwhile, so that what it waits for is
// always read. One that waits for a callback in any other way does count.
//
// # Values
//
// Values are JSON, as encoding/json has it. What contains itself, by pointers,
// maps or slices, arrives as something that contains itself: in an any, or
// where a pointer field can point back to what it is in. Every message has a
// size of at most Config.MaxMessage and a depth of at most Config.MaxDepth. A
// path of the peer's that leads through __proto__, constructor or prototype, or
// nowhere, fails its call; what is no message at all ends the connection with a
// [ProtocolError].
//
// # Streams
//
// Over a mux session, see [Over], a [Source], [Sink] or [Duplex] may be sent
// where a function may. Nothing is opened before the receiver pulls; then each
// is a mux stream of its own, with that package's windows, ends and aborts: a
// remote source is pulled with backpressure, and its end is never a cut.
package rpc
