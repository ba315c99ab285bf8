package files

import (
	"github.com/weir-go/weir/pull"
	"github.com/weir-go/weir/through/frame"
)

// Backward is SplitBackward, or LinesBackward, by blocks of another size.
func Backward(path string, sep []byte, max, block int, lines bool) pull.Source[frame.Msg] {
	return newBackward(nil, path, sep, max, block, lines)
}
