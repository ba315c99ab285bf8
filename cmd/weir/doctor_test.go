package main

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/mux"
)

// What a clock is called depends on what the round trip lets us know.
func TestClock(t *testing.T) {
	for _, c := range []struct {
		skew, rtt time.Duration
		ok        bool
		found     string
	}{
		{0, 200 * time.Microsecond, true, "the same, within 1.1 ms"},
		{-20 * time.Millisecond, 40 * time.Millisecond, true, "the same, within 21 ms"},
		{30 * time.Millisecond, 2 * time.Millisecond, true, "30 ms ahead of ours"},
		{-2500 * time.Millisecond, 2 * time.Millisecond, false, "2.50 s behind ours"},
		{time.Hour, time.Millisecond, false, "3600.00 s ahead of ours"},
	} {
		s := clockOf("there", c.skew, c.rtt)
		assert.Equal(t, c.ok, s.OK, "%+v", c)
		assert.Equal(t, c.found, s.Found)
		assert.Equal(t, c.skew.Seconds(), s.Number)
		assert.Equal(t, c.ok, s.Do == "")
	}
}

// A program that only keeps replicas equal is not found wrong for that.
func TestDoctorOfAProgramWithoutOne(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	served := make(chan error, 1)
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			served <- err
			return
		}
		session, err := mux.Server(t.Context(), conn, mux.Config{})
		if err != nil {
			served <- err
			return
		}
		var router mux.Router
		served <- router.Serve(t.Context(), session)
		_ = session.Abort(nil)
	}()
	var out, log bytes.Buffer
	args := []string{"doctor", "--insecure", ln.Addr().String()}
	status := run(t.Context(), args, strings.NewReader(""), &out, &log)
	assert.Equal(t, exitOK, status, "%s%s", &out, &log)
	assert.Contains(t, out.String(), "this program has no doctor stream")
	assert.NotContains(t, out.String(), "wrong ")
	require.NoError(t, <-served)
}
