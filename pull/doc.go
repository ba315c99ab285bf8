// Package pull defines sources, throughs and sinks, and the contract they keep.
//
// A [Source] is a function you call for the next value. A [Through] turns one
// source into another; any function of that shape is one. A [Sink] reads a
// source to its end, and is what makes anything move. There is nothing else:
// a pipeline is function composition, backpressure is not calling, and
// partial composition needs no machinery.
//
// Start with [Values] or [From], end with [Collect], [Each] or a loop over
// [Source.All]; what goes between lives in package through.
//
// # The laws
//
// Package pulltest checks every law below for any source, through or sink,
// yours included.
//
// Demand. Nothing is produced, opened or started until the first call, and
// each call yields at most one value. A stage reads ahead only if its doc
// states a bound, and never beyond it. A source that holds something before
// its first call (a connection, say) states so, and must be aborted even if
// it is never read.
//
// One at a time. Calls to one source never overlap; overlapping them is the
// caller's fault, as with an io.Reader. To stop a running call, cancel its
// context: calling [Abort] beside it is an overlap. Sources that hold a token
// anyway (connections, hand-overs) return [ErrOverlap] to the second caller,
// which is not the source's end. Other stages do not check.
//
// End. The end is exactly io.EOF, never wrapped. Any other error is a failure.
// A value and an error never come together. Values before a failure are
// delivered first, as far as the stage can make them.
//
// Finality. After the first error every later call returns that same error
// and touches nothing; a stage that failed does not call upstream again.
//
// Abort. A call whose context is already done ends the source, also when a
// value is ready. A context that becomes done during a call may end the source
// even if that call still returns a value (the next call then returns the
// abort's error): a timeout for one call means "give up", never "poll". The
// call returns exactly context.Cause(ctx), or an error wrapping what went
// wrong in releasing (see [ReleaseError]); io.EOF or nil as a cause is read as
// [ErrStopped], so that an abort can never look like a clean end. The source
// and everything upstream in this process release what they hold before the
// call returns, exactly once. Release work runs under
// context.WithoutCancel(ctx) with a stated bound; what ignores its context is
// waited for.
//
// Early stop. [Abort] returns nil when the source returned the cause itself or
// had already ended. A sink whose own context was cancelled returns the cause,
// ErrStopped included, and never commits what it was writing. Connectors treat
// ErrStopped as no failure.
//
// Scope. Cancelling a context after the call has returned means nothing. A
// stage that works between calls does so under a context of its own, which
// carries the first live call's values and is cancelled by abort.
//
// Prompt. A blocked call or write returns soon after its context is done. An
// interrupted write leaves its carrier unusable: the error is sticky and
// nothing more is written. What cannot be interrupted (a plain io.Reader, an
// iter.Seq) says so in its doc.
//
// Ownership. A returned value belongs to the caller, a slice too. A source
// that reuses its buffer says "valid until the next call" and may not stand
// before a stage that reads ahead.
//
// Through. A through passes ctx up on every call, aborts upstream exactly
// once, under a context derived from the call's, when it ends early or fails,
// and never reads after that.
//
// Sink. A sink reads until an error or aborts; it never just walks away.
//
// Panic. Where a goroutine of ours ran the user's function, its panic becomes
// a [PanicError] and that goroutine aborts its source with it. Elsewhere it
// propagates, the sink aborting on its way out with the panic as cause. After
// a panic a source returns an error, never io.EOF.
//
// # Who may do what
//
// Function by function this package says what the laws leave open; where it
// says nothing, this holds:
//
//   - Sources ([Values], [Once], [Count], [Forever], [Empty], [Error], [From],
//     [FromSeq], [FromSeq2], [Keys], [Entries], [FromChan], [Generate], [Late],
//     [Repeat], [Ticker], [Reader]) may be called from any goroutine, but from
//     one at a time; none of them notices an overlap. They start nothing before
//     the first call, never read ahead and leave no goroutine behind. The source
//     of a [Pushable] notices an overlap.
//   - What they are given runs inside calls, on the caller's goroutine, or as a
//     coroutine (FromSeq, Generate) that is resumed by calls only. So its panic
//     reaches whoever made the call, an abort included; the source has then
//     failed, and its release runs in the next call. It must not call the
//     source it serves.
//   - Sinks ([Each], [Collect], [CollectN], [Reduce], [Drain], [Find], [Last],
//     [Len], [Group], [ToMap], [ToChan], [Source.All], [Writer]) run on the
//     caller's goroutine; [Tee] and [Chan] use others. Different sinks may run
//     at once, on different sources. A sink value that remembers something (that
//     of Writer) may be used again, but not by two goroutines at once.
//   - A panic in a sink's function, in a loop's body or in the source itself
//     aborts the source with a [PanicError] as cause and goes on with its value.
//     runtime.Goexit, as by a test's FailNow, aborts the source too.
//   - An error of a sink's function is what the sink returns, unless ctx is
//     done: then the sink returns [Cause] of ctx. In both cases a release that
//     failed comes with it, as a [ReleaseError].
//
// These cannot be interrupted; a call, and an abort, waits for them: a sequence
// of FromSeq or FromSeq2; an f of Forever; an f of From, Generate or Late that
// ignores its context; a release; a Read or Write of Reader and Writer on
// anything without working deadlines; the function of a sink.
//
// # What becomes a stream by what
//
//   - a sequence: [FromSeq], [FromSeq2]; back: [Source.All]
//   - a channel: [FromChan]; back: [ToChan], [Chan]
//   - an io.Reader: [Reader]; back: [NewReader]; an io.Writer: [Writer]
//   - a map: [Keys], [Entries]; back: [ToMap], [Group]
//   - a function: [From], [Generate], [Forever]; a callback: [Pushable]
//   - a time.Ticker: [Ticker]
//   - a bufio.Scanner, json.Decoder, csv.Reader, xml.Decoder: pull/decode
//   - rows of a database: pull/sqlrows
//   - files, and what is in a folder: pull/files
//   - HTTP bodies and handlers, server-sent events: pull/httpstream
//   - slog's records: pull/logs
//   - connections and listeners: duplex/netconn; processes: duplex/command;
//     standard input and output: duplex
//
// # History
//
// The contract is pull-stream's read(abort, cb) said in Go: the callback is
// the return value, end is io.EOF, and abort is a context that is done. One
// way to stop answers both "how do I interrupt a blocked read" and "how do I
// close early". Its price: nobody can poll a source, wait a little, or share
// one between readers without a goroutine boundary.
package pull
