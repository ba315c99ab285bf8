// Package chaos makes connections that delay, cut, stall, corrupt and slice on demand.
//
// [Pair] is two ends of a simulated connection in memory, [Wrap] puts the same
// simulation around a connection that exists. Each direction is a [Link]: how
// slow it is, how its bytes are cut into reads, and which [Fault] strikes after
// how many bytes. Faults can also be had while it runs: see [Conn.Cut],
// [Conn.Reset] and [Line]. For a duplex of chunks, give a [Conn] to netconn.New.
//
// # The model
//
// What is written waits its turn at the entry (Rate), travels (Latency and
// Jitter, in order) and waits at the exit until it is read. Latency does not
// limit throughput: any number of bytes travels at once, up to 64 MiB. A write
// blocks while Buffer bytes wait at the entry, or at the exit; it returns when
// its last byte was taken, long before that has arrived, as with a socket.
//
// Offsets count the bytes of one direction, from 0: a fault at n strikes when
// exactly n bytes were taken, and those arrive before it. A read that does not
// cross the exit of a Pair costs no goroutine, and what waits for a time uses
// one timer. All waiting is fit for testing/synctest, in whose bubbles every
// delay and rate is exact; a Conn belongs to the bubble it was made in.
//
// Random choices come from the seed alone, each direction having its own: the
// same writes have the same jitter, slices and flips whenever Config.Seed is
// what [Conn.Seed] had said.
package chaos
