package journal_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/weir-go/weir/pull/files"
	"github.com/weir-go/weir/replicate/journal"
)

// disk is a simulated file system that knows what a crash at this moment could
// leave: file contents are durable after Sync, names after SyncDir.
type disk struct {
	mu     sync.Mutex
	boot   int
	inodes int
	names  map[string]*inode
	steps  []map[string]*inode // the folder since the last SyncDir, oldest first
	after  func(op string)     // called after every step that changes something
	before func(op string) error
	short  int    // how many bytes a write takes that before makes fail
	grain  int    // how many places inside an append are tried
	latest *inode // whose write was the last step
	opened int    // how many handles are open
}

type inode struct {
	id     int
	data   []byte
	synced []byte
	before []byte // data before the last write
}

func newDisk() *disk {
	return &disk{names: map[string]*inode{}, steps: []map[string]*inode{{}}, grain: 12}
}

// config is what a replica on the disk is opened with.
func (d *disk) config() journal.Config {
	cfg := mapConfig()
	cfg.FS, cfg.Place = d, d.place
	return cfg
}

func (d *disk) place(info fs.FileInfo) journal.Place {
	id, _ := info.Sys().(int)
	return journal.Place{Host: "host", Boot: fmt.Sprint("boot ", d.boot), File: fmt.Sprint(id)}
}

// put makes a durable file, as if it had always been there.
func (d *disk) put(name string, data []byte) {
	d.inodes++
	n := &inode{d.inodes, data, data, data}
	d.names[name] = n
	for _, dir := range d.steps {
		dir[name] = n
	}
}

// step notes a change of the folder.
func (d *disk) renamed() { d.steps = append(d.steps, maps.Clone(d.names)) }

func (d *disk) check(op string) error {
	if d.before != nil {
		return d.before(op)
	}
	return nil
}

func (d *disk) did(op string, written *inode) {
	d.latest = written
	if d.after != nil {
		d.after(op)
	}
}

func (d *disk) OpenFile(name string, flag int, _ fs.FileMode) (files.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.names[name]
	switch {
	case n == nil && flag&os.O_CREATE == 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case n != nil && flag&os.O_EXCL != 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrExist}
	case n == nil:
		if err := d.check("create"); err != nil {
			return nil, err
		}
		d.inodes++
		n = &inode{id: d.inodes}
		d.names[name] = n
		d.renamed()
		d.did("create "+name, nil)
	default:
		if err := d.check("open"); err != nil {
			return nil, err
		}
	}
	d.opened++
	return &handle{d: d, n: n}, nil
}

func (d *disk) Rename(from, to string) error {
	return d.change("rename", func() error {
		d.names[to] = d.names[from]
		delete(d.names, from)
		return nil
	})
}

func (d *disk) Link(from, to string) error {
	return d.change("link", func() error {
		if d.names[to] != nil {
			return fs.ErrExist
		}
		d.names[to] = d.names[from]
		return nil
	})
}

func (d *disk) Remove(name string) error {
	return d.change("remove", func() error {
		delete(d.names, name)
		return nil
	})
}

func (d *disk) change(op string, f func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.check(op); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	d.renamed()
	d.did(op, nil)
	return nil
}

func (d *disk) SyncDir(string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.check("syncdir"); err != nil {
		return err
	}
	d.steps = []map[string]*inode{maps.Clone(d.names)}
	d.did("syncdir", nil)
	return nil
}

func (d *disk) Stat(name string) (fs.FileInfo, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.check("stat"); err != nil {
		return nil, err
	}
	n := d.names[name]
	if n == nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	return info{n.id, int64(len(n.data))}, nil
}

type info struct {
	id   int
	size int64
}

func (i info) Name() string       { return "" }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return 0o600 }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return false }
func (i info) Sys() any           { return i.id }

// handle is an open file; writes go to the end.
type handle struct {
	d   *disk
	n   *inode
	pos int

	closed bool
}

func (h *handle) Read(p []byte) (int, error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if err := h.d.check("read"); err != nil {
		return 0, err
	}
	if h.pos >= len(h.n.data) {
		return 0, io.EOF
	}
	n := copy(p, h.n.data[h.pos:])
	h.pos += n
	return n, nil
}

func (h *handle) Write(p []byte) (int, error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if err := h.d.check("write"); err != nil {
		n := min(h.d.short, len(p))
		h.n.data = append(bytes.Clone(h.n.data), p[:n]...)
		return n, err
	}
	h.n.before = h.n.data
	h.n.data = append(bytes.Clone(h.n.data), p...)
	h.d.did("write", h.n)
	return len(p), nil
}

func (h *handle) Sync() error {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if err := h.d.check("sync"); err != nil {
		return err
	}
	h.n.synced, h.n.before = h.n.data, h.n.data
	h.d.did("sync", nil)
	return nil
}

func (h *handle) Truncate(size int64) error {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if err := h.d.check("truncate"); err != nil {
		return err
	}
	h.n.data = bytes.Clone(h.n.data[:size])
	h.d.did("truncate", nil)
	return nil
}

func (h *handle) Stat() (fs.FileInfo, error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if err := h.d.check("stat"); err != nil {
		return nil, err
	}
	return info{h.n.id, int64(len(h.n.data))}, nil
}

func (h *handle) Close() error {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if !h.closed {
		h.d.opened--
	}
	h.closed = true
	return h.d.check("close")
}

// crashed is a disk as a crash leaves it.
type crashed struct {
	how string
	*disk
}

// killed returns the disk as it is when the process is killed: the page cache
// survives, and the last write may have been cut short.
func (d *disk) killed() []crashed {
	all := []crashed{{"killed", d.image(d.names, 0, func(n *inode) []byte { return n.data })}}
	last := 0
	if n := d.latest; n != nil {
		last = len(n.data) - len(n.before)
	}
	for _, cut := range d.cuts(last) {
		all = append(all, crashed{fmt.Sprintf("killed, %d bytes written", cut),
			d.image(d.names, 0, func(n *inode) []byte {
				if n != d.latest {
					return n.data
				}
				return torn(n.data, n.before, cut)
			})})
	}
	return all
}

// lostPower returns disks as a power loss may leave them: any of the folder's
// states since it was synced, and of what was not synced nothing, all, a part,
// or all but a hole.
func (d *disk) lostPower() []crashed {
	var all []crashed
	keep := func(how string, data func(*inode) []byte) {
		for i, dir := range d.steps {
			how := fmt.Sprintf("power lost, %s, folder state %d of %d", how, i+1, len(d.steps))
			all = append(all, crashed{how, d.image(dir, 1, data)})
		}
	}
	keep("nothing kept", func(n *inode) []byte { return n.synced })
	keep("all kept", func(n *inode) []byte { return n.data })
	size := d.unsynced()
	for _, cut := range d.cuts(size) {
		keep(fmt.Sprintf("%d bytes kept", cut), func(n *inode) []byte {
			return torn(n.data, n.synced, cut)
		})
		keep(fmt.Sprintf("%d bytes zero", cut), func(n *inode) []byte { return hole(n, 0, cut) })
		keep(fmt.Sprintf("from %d on zero", cut), func(n *inode) []byte { return hole(n, cut, size) })
		keep(fmt.Sprintf("zero at %d", cut), func(n *inode) []byte { return hole(n, cut, cut+8) })
	}
	return all
}

// scrambled returns the disk as a power loss may leave it: in one of the
// folder's states, and each block of each file that was not synced either
// written or not, up to any size.
func (d *disk) scrambled(rnd *rand.Rand) crashed {
	dir := d.steps[rnd.IntN(len(d.steps))]
	block := 1 << (3 * rnd.IntN(4))
	mixed := func(n *inode) []byte {
		same := 0
		for same < min(len(n.data), len(n.synced)) && n.data[same] == n.synced[same] {
			same++
		}
		size := len(n.data)
		if len(n.data) != len(n.synced) {
			low, high := min(size, len(n.synced)), max(size, len(n.synced))
			size = low + rnd.IntN(high-low+1)
		}
		out := make([]byte, size)
		copy(out, n.synced)
		for at := same; at < size; at += block {
			if end := min(at+block, size); at < len(n.data) && rnd.IntN(3) > 0 {
				copy(out[at:end], n.data[at:])
			}
		}
		return out
	}
	return crashed{fmt.Sprintf("power lost, scrambled in blocks of %d", block), d.image(dir, 1, mixed)}
}

// sum tells disks apart.
func (d *disk) sum() [sha256.Size]byte {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(d.names)) {
		n := d.names[name]
		fmt.Fprintf(h, "%d %s %d %d %d ", d.boot, name, n.id, len(n.data), len(n.synced))
		h.Write(n.data)
		h.Write(n.synced)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// unsynced is how many bytes a file is longer than its durable form.
func (d *disk) unsynced() int {
	most := 0
	for _, n := range d.names {
		most = max(most, len(n.data)-len(n.synced))
	}
	return most
}

// cuts are places inside an append: all for a short one.
func (d *disk) cuts(size int) (at []int) {
	for i := 1; i < size; i += max(1, size/d.grain) {
		at = append(at, i)
	}
	return at
}

// torn is data, of which only keep bytes behind what was there before arrived.
func torn(data, before []byte, keep int) []byte {
	if len(data) <= len(before) {
		return data
	}
	return data[:min(len(data), len(before)+keep)]
}

func hole(n *inode, from, to int) []byte {
	data := bytes.Clone(n.data)
	at := len(n.synced)
	if len(data) <= at {
		return data
	}
	clear(data[min(len(data), at+from):min(len(data), at+to)])
	return data
}

// image is a copy of the disk, after so many restarts, with the folder in a
// state and the files with some of their data.
func (d *disk) image(dir map[string]*inode, boots int, data func(*inode) []byte) *disk {
	next := newDisk()
	next.boot, next.inodes = d.boot+boots, d.inodes
	copies := map[*inode]*inode{}
	folder := func(dir map[string]*inode) map[string]*inode {
		out := map[string]*inode{}
		for name, n := range dir {
			if copies[n] == nil {
				b := bytes.Clone(data(n))
				copies[n] = &inode{n.id, b, b, b}
				if boots == 0 {
					copies[n].synced = bytes.Clone(n.synced)
				}
			}
			out[name] = copies[n]
		}
		return out
	}
	next.names = folder(dir)
	next.steps = []map[string]*inode{maps.Clone(next.names)}
	if boots == 0 {
		next.steps = nil
		for _, dir := range d.steps {
			next.steps = append(next.steps, folder(dir))
		}
	}
	return next
}
