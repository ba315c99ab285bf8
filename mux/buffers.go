package mux

const (
	// maxSpare is how many buffers of maxChunk bytes a session keeps for the
	// next that needs one, until it has been silent for a while.
	maxSpare = 8

	// smallBuffer is what an idle sink may keep for each of its two buffers.
	smallBuffer = 4 << 10
)

// takeBuffer returns a buffer of maxChunk bytes.
func (s *Session) takeBuffer() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := len(s.spare) - 1
	if last < 0 {
		return make([]byte, maxChunk)
	}
	b := s.spare[last]
	s.spare[last] = nil
	s.spare = s.spare[:last]
	return b
}

// giveBuffer gives a buffer back that takeBuffer has returned.
func (s *Session) giveBuffer(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.spare) < maxSpare {
		s.spare = append(s.spare, b[:maxChunk])
	}
}
