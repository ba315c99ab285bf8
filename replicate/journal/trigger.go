package journal

import (
	"time"
)

// written is what a file holds, as far as it tells whether to compact it.
type written struct {
	content int64     // bytes of updates and markers
	updates int       // obsolete ones included
	since   time.Time // the opening, or the last compaction
	look    int64     // the size at which to look again
}

func (w *written) add(frames []byte, updates int) {
	w.content += int64(len(frames))
	w.updates += updates
}

// reset begins anew with a file that was compacted.
func (w *written) reset(c Compaction) {
	*w = written{content: c.After, updates: c.Updates, since: time.Now()}
}

// exceeds reports whether a file of a size is more than ratio times as long as
// it has to be for so many live updates.
func (w *written) exceeds(size int64, live int, ratio float64) bool {
	if w.updates == 0 {
		return true
	}
	needed := float64(w.content) / float64(w.updates) * float64(live)
	return float64(size) > needed*ratio
}

// wasteful reports whether a file is to be compacted while it is opened: more
// than half of it is not needed any more: obsolete updates, old markers and the
// marks of openings.
func (j *Journal) wasteful() bool {
	t := j.cfg.Compact
	return !t.Off && j.out.size >= t.Size && j.written.exceeds(j.out.size, j.rec.Live, t.Ratio)
}

// consider compacts the file in the background, if that is due. To count what
// is live takes time linear in it, so that a file is looked at again only when it
// has grown by a quarter.
func (j *Journal) consider() {
	t, size := j.cfg.Compact, j.out.size
	old := time.Since(j.written.since) >= t.Every
	if t.Off || size < t.Size || size < j.written.look && !old || len(j.compacting) > 0 ||
		j.due.Load() || j.life.Err() != nil {
		return
	}
	j.written.look = size + size/4
	ratio := t.Ratio
	if old {
		ratio, j.written.since = leastRatio, time.Now()
	}
	if j.written.exceeds(size, j.replica.Len(), ratio) {
		j.due.Store(true)
		j.background.Go(j.compactNow)
	}
}

// compactNow is a compaction that nobody asked for.
func (j *Journal) compactNow() {
	defer j.due.Store(false)
	if c, err := j.Compact(j.life, nil); err == nil || j.life.Err() == nil {
		j.tell(c, err)
	}
}

// tell says how a compaction went that nobody asked for.
func (j *Journal) tell(c Compaction, err error) {
	if j.cfg.Compacted != nil {
		j.telling.Lock()
		defer j.telling.Unlock()
		j.cfg.Compacted(c, err)
	}
}
