// Package secure encrypts a connection between two sides that know each other's key.
//
// An [Identity] is an ed25519 key, and the [PeerID] a person copies to the
// other host is its public half. [Client] and [Server] run TLS 1.3 over any
// net.Conn, each side proving its key to the other, and return a [Conn], which
// is a net.Conn again: run package mux over it, or take its Duplex.
//
//	id, err := secure.LoadIdentity("identity")
//	list := secure.AllowList{Path: "peers"}
//	conn, err := secure.Dial(ctx, "tcp", "host:port",
//		secure.Config{Identity: id, Accept: list.Accept})
//
// # Who is accepted
//
// Config.Accept says who may be on the other side: [Only] one peer, those of
// an [AllowList], or whomever your function does not refuse. It is asked once
// the peer has proven its key, on both sides; there is no trust at first use.
// Until both sides have accepted, nothing but the handshake passes, and
// neither Client nor Server returns.
//
// To ask a person, refuse first: the [PeerError] names the peer, so ask, add
// it to the list and connect again. A function that waits for an answer works
// too, but keeps the other side waiting, whose Config.Handshake must allow it.
//
// The key on the other side may be one's own, if an identity is used on two
// hosts or by two programs; it is accepted like any other, only when Accept
// does. List it only if you mean that: otherwise somebody in between could
// connect you to yourself.
//
// # The channel
//
// It is TLS 1.3 (RFC 8446) and nothing older, under the ALPN name "weir/1",
// with the key exchange that crypto/tls prefers, X25519MLKEM768, which holds
// against a quantum computer that is built later; GODEBUG=tlsmlkem=0 turns
// that off. There is no resumption, no early data, no compression and no way
// back to plain text. Each side shows exactly one self-signed certificate,
// which only carries the key: names in it mean nothing, and nor do its dates,
// which are not checked (ours ends in the year 9999). A key is taken back by
// removing it from the lists.
//
// After TLS each side sends a hello of four bytes, inside the channel: the
// version of this protocol, 1; 0 for accepted, 1 for refused, 2 for refused
// because unknown; two zeros. The client sends its first, the server answers
// when it has accepted or refused. A client that does not accept the server
// never shows its own key: it sends an empty certificate, as RFC 8446 §4.4.2
// allows, and the server gets [ErrNoKey].
//
// # What is protected
//
// Who reads, changes, drops, repeats or reorders what passes, or stands in
// between with a key of its own, learns nothing of the content and can do
// nothing but end the connection: reads then fail, and an end that the peer
// did not send is io.ErrUnexpectedEOF, never io.EOF. What was recorded stays
// secret when a key is stolen later. A server that a client does not accept
// does not learn who the client is.
//
// What is not protected:
//
//   - Traffic analysis: who listens sees both addresses, "weir/1", sizes and
//     times, but no certificate, which TLS 1.3 encrypts.
//   - The server's identity: whoever connects and speaks weir/1 is shown the
//     server's public key. So does a client learn, once it has proven a key of
//     its own, whether that key is accepted.
//   - Stolen keys: who has the identity file is that peer. Keep it at mode
//     0600, and remove the id from the lists of others.
//   - Alerts before the keys are agreed upon, and resets, can be forged, as in
//     all of TLS: the peer's reason for a broken handshake is a hint.
//   - Floods: an unfinished handshake costs a goroutine and at most 10 KiB, or
//     some 32 KiB once the client has sent a whole hello, until Config.Handshake
//     has passed. That is crypto/tls's floor: alone it holds 13 KiB (the hello,
//     keys, buffers) and a stack, of 8 or 16 KiB, that its calls just about fill
//     to a quarter. How many there may be is the listener's to say.
package secure
