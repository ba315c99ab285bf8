package npm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/weir-go/weir/replicate"
	"github.com/weir-go/weir/replicate/npm"
)

func TestBucketInBucket(t *testing.T) {
	r := replicate.New(replicate.Config{Types: npm.Types()})
	s, err := npm.OpenBucket(r, "all", map[string]replicate.Type{
		"top": npm.ModelType, "sub/model": npm.ModelType, "sub/deep/value": npm.ValueType, "a~1b~0": npm.ValueType,
	}, npm.Config{ID: "A"})
	require.NoError(t, err)

	for _, change := range []string{
		`["top",["k",1]]`, `["sub",["model",["k",2]]]`, `["sub",["deep",["value",3]]]`, `["a/b~",4]`,
	} {
		_, err := s.Write([]byte(change))
		require.NoError(t, err, change)
	}
	require.Contains(t, string(history(t, s)[2]), `[["sub",["deep",["value",3]]],`)
	require.Contains(t, string(history(t, s.Part("sub"))[1]), `[["deep",["value",3]],`)
	require.Contains(t, string(history(t, s.Part("sub/deep/value"))[0]), `[3,`)
	require.JSONEq(t, `{"top":{"k":1},"sub":{"model":{"k":2},"deep":{"value":3}},"a/b~":4}`, string(s.JSON()))

	m, err := npm.NewModel[int](s.Part("sub/model"))
	require.NoError(t, err)
	k, err := m.Get("k")
	require.NoError(t, err)
	require.Equal(t, 2, k)
	require.JSONEq(t, `{"value":3}`, string(s.Part("sub").Part("deep").JSON()))
	require.Equal(t, "A", s.Part("sub").ID())
	require.NotNil(t, s.Part("a~1b~0"))
	for _, name := range []string{"", "nope", "sub/nope", "top/k", "a/b~"} {
		require.Nil(t, s.Part(name), name)
	}

	for _, change := range []string{`["sub",["k",2]]`, `["sub",1]`, `["sub"]`, `["sub",["model"]]`, `["sub/model",["k",1]]`} {
		_, err := s.Write([]byte(change))
		require.Error(t, err, change)
	}
	for _, parts := range []map[string]replicate.Type{
		{"sub": npm.ModelType, "sub/model": npm.ModelType},
		{"sub/a": npm.ModelType, "sub/a/b": npm.ModelType},
		{},
	} {
		_, err := npm.OpenBucket(r, "wrong", parts, npm.Config{})
		require.Error(t, err)
	}
}
