package typed_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/counter"
	"github.com/weir-go/weir/replicate/doc"
	"github.com/weir-go/weir/replicate/events"
	"github.com/weir-go/weir/replicate/feed"
	"github.com/weir-go/weir/replicate/model"
	"github.com/weir-go/weir/replicate/seq"
	"github.com/weir-go/weir/replicate/set"
	"github.com/weir-go/weir/replicate/value"
)

// stranger is the state of a type that nobody here has made.
type stranger struct{}

func (stranger) Apply(*replicate.Update, func(*replicate.Update)) {}

// A tag that stands for another type is an error where an object is opened, not
// a panic where it is read.
func TestTagUsedTwice(t *testing.T) {
	open := map[string]func(*replicate.Replica) error{
		counter.Type.Tag:    func(r *replicate.Replica) error { _, err := counter.Open(r, ""); return err },
		doc.JSON.Tag:        func(r *replicate.Replica) error { _, err := doc.Open[int](r, ""); return err },
		events.JSON.Tag:     func(r *replicate.Replica) error { _, err := events.Open[int](r, ""); return err },
		feed.JSON.Tag:       func(r *replicate.Replica) error { _, err := feed.Open[int](r, ""); return err },
		model.JSON.Tag:      func(r *replicate.Replica) error { _, err := model.Open[int](r, ""); return err },
		seq.JSON.Tag:        func(r *replicate.Replica) error { _, err := seq.Open[int](r, ""); return err },
		set.JSON.Tag:        func(r *replicate.Replica) error { _, err := set.Open[int](r, ""); return err },
		set.GrowJSON.Tag:    func(r *replicate.Replica) error { _, err := set.OpenGrow[int](r, ""); return err },
		value.JSON.Tag:      func(r *replicate.Replica) error { _, err := value.Open[int](r, ""); return err },
		value.MultiJSON.Tag: func(r *replicate.Replica) error { _, err := value.OpenMulti[int](r, ""); return err },
	}
	var types []replicate.Type
	for tag := range open {
		types = append(types, replicate.Type{Tag: tag, New: func() replicate.Object { return stranger{} }})
	}
	r, none := replicate.New(replicate.Config{Types: types}), replicate.New(replicate.Config{})
	for tag, f := range open {
		require.ErrorContains(t, f(r), "its tag is used twice", tag)
		require.ErrorIs(t, f(none), replicate.ErrUnknownType, tag)
	}
}
