package secure_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/weir-go/weir/duplex/secure"
	"github.com/weir-go/weir/pull"
)

func Example() {
	ctx := context.Background()
	alice, _ := secure.NewIdentity()
	bob, _ := secure.NewIdentity()
	a, b := net.Pipe() // or a connection of net.Dial and one of Accept

	go func() {
		conn, err := secure.Server(ctx, b, secure.Config{
			Identity: bob,
			Accept:   secure.Only(alice.ID()),
		})
		if err != nil {
			return
		}
		echo := conn.Duplex()
		_ = echo.Sink(ctx, echo.Source)
	}()

	conn, err := secure.Client(ctx, a, secure.Config{
		Identity: alice,
		Accept:   secure.Only(bob.ID()),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("connected to Bob:", conn.Peer() == bob.ID())
	d := conn.Duplex()
	go func() { _ = d.Sink(ctx, pull.Values([]byte("hello"))) }()
	for chunk, err := range d.Source.All(ctx) {
		fmt.Printf("%s %v\n", chunk, err)
	}
	// Output:
	// connected to Bob: true
	// hello <nil>
}

// A server that does not know a client yet. Both sides learn that, and what to
// do: so a person can be asked, and the client tries again.
func ExampleAllowList_Accept() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	list := secure.AllowList{Path: filepath.Join(dir, "peers")}
	server, _ := secure.NewIdentity()
	client, _ := secure.NewIdentity()
	try := func() error {
		a, b := net.Pipe()
		refused := make(chan error, 1)
		go func() {
			conn, err := secure.Server(ctx, b, secure.Config{Identity: server, Accept: list.Accept})
			if err == nil {
				_, err = io.Copy(io.Discard, conn)
			}
			refused <- err
		}()
		conn, err := secure.Client(ctx, a, secure.Config{
			Identity: client, Accept: secure.Only(server.ID()),
		})
		if err != nil {
			fmt.Println("client: refused:", errors.Is(err, secure.ErrRefused))
		} else {
			fmt.Println("client: connected")
			_ = conn.Close()
		}
		return <-refused
	}

	var stranger *secure.PeerError
	if errors.As(try(), &stranger) && errors.Is(stranger, secure.ErrUnknownPeer) {
		fmt.Println("server: add the client?", stranger.Peer == client.ID())
		_ = list.Add(stranger.Peer, "the laptop")
	}
	fmt.Println("server:", try())
	// Output:
	// client: refused: true
	// server: add the client? true
	// client: connected
	// server: <nil>
}

func ExampleParsePeerID() {
	id, err := secure.ParsePeerID("25NJQA mcwefl-pvkl73-j4szah-hihoc4-xt3ktc-gjnpai-ngr5yh-kenaic")
	fmt.Println(id, err)
	_, err = secure.ParsePeerID("52njqa-mcwefl-pvkl73-j4szah-hihoc4-xt3ktc-gjnpai-ngr5yh-kenaic")
	fmt.Println(err)
	_, err = secure.ParsePeerID("25njqa-mcwefl-pvkl73-j4szah-hihoc4-xt3ktc-gjnpai-ngr5yh-kena")
	fmt.Println(err)
	// Output:
	// 25njqa-mcwefl-pvkl73-j4szah-hihoc4-xt3ktc-gjnpai-ngr5yh-kenaic <nil>
	// secure: peer id: check characters do not match
	// secure: peer id: wrong length: 52 characters, not 54
}

func ExampleIdentity_Save() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "identity")
	id, _ := secure.NewIdentity()
	fmt.Println(id.Save(path))
	fmt.Println(errors.Is(id.Save(path), os.ErrExist)) // never replaced
	again, err := secure.LoadIdentity(path)
	fmt.Println(again.ID() == id.ID(), err)
	// Output:
	// <nil>
	// true
	// true <nil>
}

func ExampleAllowList() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	list := secure.AllowList{Path: filepath.Join(dir, "peers")}
	id, _ := secure.ParsePeerID("25njqa-mcwefl-pvkl73-j4szah-hihoc4-xt3ktc-gjnpai-ngr5yh-kenaic")
	_ = list.Add(id, "the laptop")
	entries, err := list.Entries()
	fmt.Println(entries[0].Label, err)
	fmt.Println(list.Remove(id))
	fmt.Println(list.Remove(id))
	// Output:
	// the laptop <nil>
	// true <nil>
	// false <nil>
}
