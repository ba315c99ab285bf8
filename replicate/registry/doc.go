// Package registry finds services by name and version, on replicas and over seaport.
//
// A [Registry] is a directory of services on a replica: whoever runs one
// registers it, and whoever has a replica of the directory asks for it by role
// and range of versions, gets it now or waits for it, and is told of changes.
//
//	r := replicate.New(replicate.Config{Types: []replicate.Type{registry.JSON}})
//	g, err := registry.Open(r, "", registry.Config{})
//	web, err := g.Register(registry.Service{Role: "web", Version: "1.2.3", Port: 8080})
//	found, err := g.Get(ctx, "web@1.2.x")
//
// Replicas of one directory are kept equal by package replicate, as any others.
// [Registry.Serve] speaks the line protocol of npm's seaport 2.0.9 to its
// clients and hubs, and [Registry.Connect] joins such a hub, so that either side
// may be a program of 2013. PROTOCOL.md beside this file describes the lines.
//
// # Claims and leases
//
// What is replicated is a map in which the last writer wins. Each registry that
// is open is a holder, of a random name. There are two kinds of keys:
//
//   - "s:HOLDER:ID" is a claim: the holder says that the service of that id is
//     there. Its value is the service, whole.
//   - "h:HOLDER" is the holder's lease, which it writes anew at each heartbeat.
//     That is one write a heartbeat for a holder, however many services it has.
//
// A service is there while anybody whose lease holds claims it, and it is what
// the newest of those claims says. From that the rest follows:
//
//   - Two that write about one id agree: stamps say whose word is the newest, for
//     all. Who changes another's service ([Registry.Update], or a client of
//     another hub) writes the claim of whoever holds it.
//   - A client that is gone takes its hub's claim with it and no other one. So
//     one that has connected to a second hub, which claims it too, is there all
//     the time, whichever of the two hubs writes first and whoever hears of it
//     in which order.
//   - A holder that dies has not freed anything, and need not: its lease runs out
//     everywhere, three heartbeats after it was last heard of. To be freed by
//     name ([Registry.Free]) is to lose all claims; the holder notices that it
//     was not it who deleted the claim, and does not claim again.
//
// # Time
//
// A lease is counted from when its renewal arrived here, by this process's
// monotonic clock: no two clocks are compared, and a clock that is set changes
// nothing. A process that was stopped for a while gives every lease the time
// that it has lost. Only where a replica is opened whose holders nobody has
// watched, stamps tell their age: one that is older than its lease and five
// minutes, by the wall clock, or older than its lease where another one was
// renewed since, is taken for dead until it is heard of.
//
// Keys that nobody has written for [Keep] are dropped by everybody, deletions
// too: a directory is as large as what is in it and what was in it for a day.
// A holder writes its claims anew twice in that time.
//
// # A client's end
//
// Serve takes a client for lost when its connection ends, or when nothing has
// come from it for three heartbeats, whether or not it has sent one before.
// What it registered is freed [Config].Linger after its connection has ended:
// npm's clients connect again after one second.
//
// # Relays
//
// A hub tells what it was told. Where two of ours, which share a directory, are
// both connected to one of npm's, it tells one of them what it has from the
// other; if that were a claim, both would hold up each other's word for ever.
// So a claim that rests on a hub's word says so, and is given up as soon as
// somebody claims the service who has it from itself. What a hub frees that it
// has not registered it has only lost: it is told again. And a hub is not
// believed that a service is there which has just gone, not for a second: where
// hubs are connected in a ring, that may be what it was told of it before.
// For as long it is not told of what has just come by a hub: two hubs with two
// connections would each have by the other's word what is freed meanwhile.
//
// # Cost
//
// A service takes about 2 KiB, of which its JSON is a part, three times. Query
// looks at those of its role, and parses their versions. A change costs each
// watcher and connection an entry in a set, and a holder's lease one write of 100
// bytes a heartbeat. See the benchmarks.
package registry
