package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"

	"github.com/weir-go/weir/pull"
)

type file struct {
	Key   string `json:"key"` // slash-separated path within the folder
	Value struct {
		Size   int64  `json:"size"`
		SHA256 string `json:"sha256"`
	} `json:"value"`
}

// hash reads the file at path to its end, unless ctx is done before.
func hash(ctx context.Context, folder fs.FS, path string) (f file, err error) {
	in, err := folder.Open(path)
	if err != nil {
		return f, err
	}
	defer in.Close()
	sum := sha256.New()
	f.Key = path
	f.Value.Size, err = pull.Reduce(ctx, pull.Reader(in), 0, func(n int64, chunk []byte) int64 {
		sum.Write(chunk)
		return n + int64(len(chunk))
	})
	f.Value.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return f, err
}
