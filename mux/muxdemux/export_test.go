package muxdemux

import "encoding/json"

// ReadLine reads a line, as a session does.
func ReadLine(b []byte) (id, event string, arg json.RawMessage, err error) {
	var l line
	err = json.Unmarshal(b, &l)
	return l.id, l.event, l.arg, err
}
