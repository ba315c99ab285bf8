package registry_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/pull/pulltest"
	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/registry"
)

func TestConformance(t *testing.T) {
	t.Run("DecodeRows", func(t *testing.T) {
		pulltest.Through(t, func(src pull.Source[[]byte]) pull.Source[registry.Row] {
			return registry.DecodeRows(src, 0)
		}, pulltest.ThroughOptions[[]byte, registry.Row]{
			Value: func(i int) []byte { return fmt.Appendf(nil, "[\"free\",\"%d\"]\n", i) },
			Want: func(in [][]byte) (out []registry.Row) {
				for i := range in {
					out = append(out, registry.Row{Kind: registry.RowFree, ID: fmt.Sprint(i)})
				}
				return out
			},
		})
	})
	t.Run("EncodeRows", func(t *testing.T) {
		pulltest.Through(t, registry.EncodeRows, pulltest.ThroughOptions[registry.Row, []byte]{
			Value: func(i int) registry.Row {
				return registry.Row{Kind: registry.RowRegister, ID: fmt.Sprint(i), Service: json.RawMessage(`{}`)}
			},
			Want: func(in []registry.Row) (out [][]byte) {
				for i := range in {
					out = append(out, fmt.Appendf(nil, "[\"register\",\"%d\",{}]\n", i))
				}
				return out
			},
		})
	})
	t.Run("Registry.Watch", func(t *testing.T) {
		g := open(t, replicate.Config{}, registry.Config{})
		var want []registry.Change
		for i := range 300 {
			s := registry.Service{ID: fmt.Sprintf("%03d", i), Role: "web", Version: "1.2.3", Host: "h", Port: 1 + i}
			_, err := g.Register(s)
			require.NoError(t, err)
			want = append(want, registry.Change{Service: s})
		}
		pulltest.Source(t, func() pull.Source[registry.Change] { return g.Watch("web@1.x") },
			pulltest.SourceOptions[registry.Change]{Want: want, Stalls: true})
	})
}

// open opens a directory on a replica of its own, and closes it in the end.
func open(t testing.TB, rc replicate.Config, cfg registry.Config) *registry.Registry {
	t.Helper()
	_, g := openReplica(t, rc, cfg)
	return g
}

func openReplica(t testing.TB, rc replicate.Config, cfg registry.Config) (*replicate.Replica, *registry.Registry) {
	t.Helper()
	rc.Types = []replicate.Type{registry.JSON}
	r := replicate.New(rc)
	g, err := registry.Open(r, "", cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = g.Close() })
	return r, g
}
