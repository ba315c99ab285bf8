package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/weir-go/weir/mux"
	"github.com/weir-go/weir/pull"
)

const (
	pulses   = 8               // round trips that are timed
	maxSkew  = 1 * time.Second // between clocks, beyond what a round trip hides
	slowLink = 10e3            // bytes a second that are too few
)

// visit looks at a peer. An error is one of our own, or of ctx: what is wrong
// with the peer is told.
func (d *doctor) visit(ctx context.Context, a address) error {
	of := a.String()
	start := time.Now()
	conn, err := connect(ctx, a)
	if err != nil {
		return firstError(ctxCause(ctx), d.tell(ill("port", of, err)))
	}
	took := time.Since(start)
	reached := symptom{Check: "port", Of: of, OK: true, Found: "reached in " + formatTime(took)}
	if err := d.tell(reached.seconds(took)); err != nil {
		return errors.Join(err, conn.Close())
	}
	var replicas []string
	if d.replica != "" {
		replicas = append(replicas, d.replica)
	}
	l, err := d.gate.over(ctx, conn, a, replicas)
	if err != nil {
		err = d.gate.explained(err, firstOr(replicas, "R"))
		return firstError(ctxCause(ctx), d.tell(ill("channel", of, err)))
	}
	defer l.leave(ctx)
	found := "encrypted, and each side accepts the other"
	if d.gate.insecure || a.network == "unix" {
		found = "in the clear"
	}
	if err := d.tell(symptom{Check: "channel", Of: of, OK: true, Found: found}); err != nil {
		return err
	}
	checks := []func(context.Context, *link, string) error{d.pulse, d.download, d.upload}
	if a.name != "" {
		checks = append(checks, func(ctx context.Context, l *link, of string) error {
			return d.served(ctx, l, of, a.name)
		})
	}
	for _, check := range checks {
		ctx, cancel := context.WithTimeout(ctx, doctorLimit)
		err := check(ctx, l, of)
		cancel()
		if err == errNoDoctor {
			return d.tell(symptom{Check: "doctor", Of: of, OK: true,
				Found: "this program has no doctor stream: that is all there is to see"})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// errNoDoctor says that a peer keeps replicas equal and does nothing else, as a
// program of one's own may.
var errNoDoctor = errors.New("no doctor stream")

// served looks whether the peer has a replica of that name for us.
func (d *doctor) served(ctx context.Context, l *link, of, name string) error {
	stream, err := l.open(ctx, streamDoctor, map[string]string{"do": doFind, "name": name})
	if err != nil {
		return d.failed("replica", of, err)
	}
	var found bool
	if err := answerOf(ctx, stream, 0, &found); err != nil {
		return d.failed("replica", of, err)
	}
	return d.tell(symptom{Check: "replica", Of: of, OK: true, Found: strconv.Quote(name) + " is there"})
}

func ctxCause(ctx context.Context) error {
	if ctx.Err() != nil {
		return pull.Cause(ctx)
	}
	return nil
}

// pulse looks at the round trip, the clock and the version.
func (d *doctor) pulse(ctx context.Context, l *link, of string) error {
	var rtt, skew time.Duration
	var there pulse
	for i := range pulses {
		start := time.Now()
		err := ask(ctx, l, doClock, 0, &there)
		var refused *mux.StreamError
		if errors.As(err, &refused) && refused.Code == mux.CodeRefused {
			return errNoDoctor // a clock is told to everybody
		}
		if err != nil {
			return d.failed("round trip", of, err)
		}
		// The clock there was read about half-way. The quickest one of several
		// says it best (RFC 5905 §10).
		if took := time.Since(start); i == 0 || took < rtt {
			rtt = took
			skew = time.Unix(0, there.Nanos).Sub(start.Add(took / 2).Round(0))
		}
	}
	same := symptom{Check: "version", Of: of, OK: there.Version.Protocol == ourVersion().Protocol,
		Found: there.Version.String()}
	if !same.OK {
		same.Do = "use the newer weir on both hosts"
	}
	trip := symptom{Check: "round trip", Of: of, OK: true, Found: formatTime(rtt)}
	return firstError(d.tell(trip.seconds(rtt)), d.tell(clockOf(of, skew, rtt)), d.tell(same))
}

// clockOf judges a clock that is ahead of ours by skew, give or take half a
// round trip.
func clockOf(of string, skew, rtt time.Duration) symptom {
	clock := symptom{Check: "clock", Of: of, OK: skew.Abs() <= maxSkew+rtt/2}.seconds(skew)
	switch {
	case skew.Abs() <= rtt/2+time.Millisecond:
		clock.Found = fmt.Sprintf("the same, within %s", formatTime(rtt/2+time.Millisecond))
	case skew > 0:
		clock.Found = fmt.Sprintf("%s ahead of ours", formatTime(skew))
	default:
		clock.Found = fmt.Sprintf("%s behind ours", formatTime(-skew))
	}
	if !clock.OK {
		clock.Do = "set the clocks of both hosts, by NTP: of two writes the later one wins, by these clocks"
	}
	return clock
}

// download times bytes from the peer.
func (d *doctor) download(ctx context.Context, l *link, of string) error {
	start := time.Now()
	stream, err := openDoctor(ctx, l, doSend, d.bytes)
	if err != nil {
		return d.failed("download", of, err)
	}
	ends := stream.Duplex()
	if err := ends.Sink(ctx, pull.Empty[[]byte]()); err != nil {
		return d.failed("download", of, errors.Join(err, pull.Abort(ends.Source, err)))
	}
	n, err := takeAll(ctx, ends.Source, d.bytes)
	if err != nil {
		return d.failed("download", of, err)
	}
	return d.throughput("download", of, n, time.Since(start))
}

// upload times bytes to the peer, until it says that it has read them.
func (d *doctor) upload(ctx context.Context, l *link, of string) error {
	start := time.Now()
	var n int64
	if err := ask(ctx, l, doTake, d.bytes, &n); err != nil {
		return d.failed("upload", of, err)
	}
	return d.throughput("upload", of, n, time.Since(start))
}

func (d *doctor) throughput(check, of string, n int64, took time.Duration) error {
	perSecond := float64(n) / took.Seconds()
	s := symptom{
		Check: check, Of: of, OK: perSecond >= slowLink, Number: perSecond, Unit: "B/s",
		Found: fmt.Sprintf("%s/s: %s in %s", formatSize(int64(perSecond)), formatSize(n), formatTime(took)),
	}
	if !s.OK {
		s.Do = "look at the network between the hosts, and at --limit rate= of both"
	}
	return d.tell(s)
}

// failed tells of a check that could not be made, unless we are to end.
func (d *doctor) failed(check, of string, err error) error {
	var sig signalError
	if errors.As(err, &sig) {
		return err
	}
	return d.tell(ill(check, of, err))
}

// openDoctor opens a stream that asks something of the peer.
func openDoctor(ctx context.Context, l *link, do string, bytes int64) (*mux.Stream, error) {
	return l.open(ctx, streamDoctor, map[string]string{
		"do": do, "bytes": strconv.FormatInt(bytes, 10),
	})
}

// ask sends the peer as many bytes as are asked for, and reads its answer.
func ask(ctx context.Context, l *link, do string, bytes int64, answer any) error {
	stream, err := openDoctor(ctx, l, do, bytes)
	if err != nil {
		return err
	}
	return answerOf(ctx, stream, bytes, answer)
}

func answerOf(ctx context.Context, stream *mux.Stream, bytes int64, answer any) error {
	ends := stream.Duplex()
	if err := ends.Sink(ctx, zeros(bytes)); err != nil {
		// Why the peer did not want them is what its own direction says: maybe
		// that it had answered, and was done.
		there := readAnswer(ctx, ends.Source, answer)
		if there != nil || errors.Is(err, pull.ErrStopped) {
			return there
		}
		return err
	}
	return readAnswer(ctx, ends.Source, answer)
}
