package main

import (
	"context"
	"encoding/json"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/feed"
	"github.com/weir-go/weir/through"
)

var logKind = &kind{
	name: "log", what: "the items, oldest first", typ: feed.JSON, open: asObject(openLog),
	short: "Logs: append items, and follow them",
	long: `Logs that many append to, in one order on every replica. ID is an item's id, which
ls --json shows.`,
	shared: []string{"ls", "watch", "export"},
	verbs: []verb{
		{
			name: "append", short: "Append items", value: "VALUE…",
			example: `  weir log append r chat hello
  make 2>&1 | weir log append --raw r build -
  weir log watch r chat`,
			operation: fills(openLog, func(l logFeed, _ *call) (putting, error) {
				return func(v json.RawMessage) (row, error) {
					id, err := l.Append(v)
					return row{ID: idOf(id), Value: v}, err
				}, nil
			}),
		},
		{
			name: "get", short: "Print an item", key: "ID",
			operation: reads(openLog, func(ctx context.Context, l logFeed, c *call) error {
				id, err := stampOf(c.Key)
				if err != nil {
					return err
				}
				value, err := l.Get(id)
				if err != nil {
					return err
				}
				return c.write(ctx, c.Paper.single(row{ID: c.Key, Value: value}))
			}),
		},
		{
			name: "del", short: "Delete an item, everywhere", key: "ID",
			operation: writes(openLog, func(_ context.Context, l logFeed, c *call) error {
				id, err := stampOf(c.Key)
				if err != nil {
					return err
				}
				was, err := l.Remove(id)
				if err == nil && !was {
					return feed.ErrNotFound
				}
				return err
			}),
		},
	},
}

// stampOf reads what idOf wrote.
func stampOf(id string) (s replicate.Stamp, err error) {
	if s.UnmarshalText([]byte(id)) != nil {
		return s, fail(exitUsage, "--json shows the ids", "%.80q is no id", id)
	}
	return s, nil
}

// A logFeed is an object of the kind.
type logFeed struct {
	*feed.Feed[json.RawMessage]
}

func openLog(r *replicate.Replica, name string) (logFeed, error) {
	f, err := feed.OpenWith(r, name, raw(feed.JSON))
	return logFeed{f}, err
}

func (l logFeed) rows(yield func(row, error) bool) {
	for item, err := range l.All(replicate.Stamp{}) {
		if !yield(row{ID: idOf(item.ID), Value: item.Value}, err) {
			return
		}
	}
}

func (l logFeed) changes(after uint64) pull.Source[row] {
	return through.Map(l.Changes(after), func(c feed.Change[json.RawMessage]) row {
		return row{ID: idOf(c.ID), Value: c.Value, Deleted: c.Removed}
	})
}

func (l logFeed) put(r row) error {
	_, err := l.Append(r.Value)
	return err
}
