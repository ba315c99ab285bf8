// Does what compare asks for, a line each, and answers with nanoseconds, the number
// of what arrived, and nanoseconds of CPU. Usage: node run.mjs WORK COUNT [WHERE]
// WORK is one of works below. What it speaks with is a second process, whose WORK
// begins with serve, or whoever listens at a port that is given as WHERE. dump and
// load are given a file there, muxdemux and dnode how much goes on at once.
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import net from 'node:net'
import { spawn } from 'node:child_process'

const require = createRequire(process.cwd() + '/')
const [what, count, where] = [process.argv[2], Number(process.argv[3]), process.argv[4]]
const key = i => 'key' + String(i).padStart(6, '0')
const value = i => 'value of ' + i

const works = {
  serveScuttlebutt, scuttlebutt, dump, load, yjs,
  serveMuxdemux, muxdemux, serveDnode, dnode, serveSeaport, seaport, query
}
await works[what]()

function filled () {
  const Model = require('scuttlebutt/model')
  const full = new Model()
  for (let i = 0; i < count; i++) full.set(key(i), value(i))
  return full
}

function serveScuttlebutt () {
  const full = filled()
  listen(c => {
    const s = full.createStream()
    c.pipe(s).pipe(c)
  })
}

// Its CPU time is that of the receiver alone.
async function scuttlebutt () {
  const Model = require('scuttlebutt/model')
  const server = where ? null : await beside('serveScuttlebutt')
  await answer(async () => {
    const empty = new Model()
    const start = process.hrtime.bigint()
    const c = net.connect(server ? server.port : Number(where), '127.0.0.1')
    const s = empty.createStream()
    s.pipe(c).pipe(s)
    await new Promise(resolve => s.once('sync', resolve))
    const took = process.hrtime.bigint() - start
    c.destroy()
    return [took, empty.keys().length]
  })
  if (server) server.end()
}

async function dump () {
  const full = filled()
  await answer(async () => {
    const start = process.hrtime.bigint()
    await once(full.createReadStream({ tail: false }).pipe(createWriteStream(where)), 'finish')
    return [process.hrtime.bigint() - start, count]
  })
}

async function load () {
  const Model = require('scuttlebutt/model')
  await answer(async () => {
    const empty = new Model()
    const start = process.hrtime.bigint()
    const s = empty.createWriteStream()
    createReadStream(where).pipe(s)
    await new Promise(resolve => s.once('sync', resolve))
    return [process.hrtime.bigint() - start, empty.keys().length]
  })
}

async function yjs () {
  const Y = require('yjs')
  const full = new Y.Doc()
  full.transact(() => {
    for (let i = 0; i < count; i++) full.getMap().set(key(i), value(i))
  })
  await answer(async () => {
    const empty = new Y.Doc()
    const start = process.hrtime.bigint()
    Y.applyUpdate(empty, Y.encodeStateAsUpdate(full, Y.encodeStateVector(empty)))
    const took = process.hrtime.bigint() - start
    return [took, empty.getMap().size]
  })
}

// Answers each stream with how many values it had.
function serveMuxdemux () {
  const MuxDemux = require('mux-demux')
  listen(c => {
    const mx = MuxDemux(s => {
      let n = 0
      s.on('data', () => n++)
      s.on('end', () => {
        s.write(n)
        s.end()
      })
    })
    c.pipe(mx).pipe(c)
  })
}

async function muxdemux () {
  const MuxDemux = require('mux-demux')
  const server = await beside('serveMuxdemux')
  await answer(async () => {
    const c = await connect(server)
    const mx = MuxDemux()
    mx.pipe(c).pipe(mx)
    const streams = Array.from({ length: Number(where) }, () =>
      mx.createStream('line', { readable: true, writable: true, allowHalfOpen: true }))
    const start = process.hrtime.bigint()
    const answers = streams.map(async s => (await once(s, 'data'))[0])
    for (let i = 0; i < count; i++) {
      const s = streams[i % streams.length]
      if (!s.write({ n: i, text: value(i) })) await once(s, 'drain')
      if (i % 1000 === 999) await new Promise(setImmediate) // the socket gets its turn
    }
    for (const s of streams) s.end()
    const got = (await Promise.all(answers)).reduce((sum, n) => sum + n)
    const took = process.hrtime.bigint() - start
    c.destroy()
    return [took, got]
  }, server)
}

function serveDnode () {
  const dnode = require('dnode')
  listen(c => {
    const d = dnode({ double: (n, done) => done(2 * n) }, { weak: false })
    c.pipe(d).pipe(c)
  })
}

// So many calls wait for their answers at any time.
async function dnode () {
  const make = require('dnode')
  const server = await beside('serveDnode')
  await answer(async () => {
    const c = await connect(server)
    const d = make({}, { weak: false })
    c.pipe(d).pipe(c)
    const [remote] = await once(d, 'remote')
    const start = process.hrtime.bigint()
    let [begun, right] = [0, 0]
    await new Promise(resolve => {
      let done = 0
      const call = () => {
        if (begun === count) return
        const n = begun++
        remote.double(n, got => {
          if (got === 2 * n) right++
          if (++done === count) resolve()
          else call()
        })
      }
      for (let i = 0; i < Number(where); i++) call()
    })
    const took = process.hrtime.bigint() - start
    c.destroy()
    return [took, right]
  }, server)
}

function service (i) {
  return [`role${i % 100}@1.2.3`, { host: '10.0.0.7', port: 1 + i % 60000, zone: 'b' }]
}

function serveSeaport () {
  const hub = require('seaport').createServer()
  hub.listen(0, '127.0.0.1', () => console.log(hub.address().port))
  attend()
}

// One client registers services, of which the hub tells another one.
async function seaport () {
  const { connect } = require('seaport')
  const server = await beside('serveSeaport')
  await answer(async () => {
    const clients = [0, 1].map(() => connect(server.port, '127.0.0.1'))
    await Promise.all(clients.map(c => once(c, 'synced')))
    const [from, to] = clients
    const all = event => new Promise(resolve => {
      let n = 0
      to.on(event, () => ++n === count && resolve(n))
    })
    const registered = all('register')
    const start = process.hrtime.bigint()
    for (let i = 0; i < count; i++) from.register(...service(i))
    const got = await registered
    const took = process.hrtime.bigint() - start
    const freed = all('free')
    from.close()
    await freed
    to.close()
    return [took, got]
  }, server)
}

async function query () {
  const s = require('seaport')()
  for (let i = 0; i < 1000; i++) s.register(...service(i))
  await answer(async () => {
    let got = 0
    const start = process.hrtime.bigint()
    for (let i = 0; i < count; i++) got += s.query(`role${i % 100}@1.x`).length
    return [process.hrtime.bigint() - start, got / 10]
  })
}

async function connect (server) {
  const c = net.connect(server.port, '127.0.0.1')
  await once(c, 'connect')
  return c
}

// Listens, and says at which port.
function listen (serve) {
  const server = net.createServer(c => {
    c.on('error', () => {})
    serve(c)
  })
  server.listen(0, '127.0.0.1', () => console.log(server.address().port))
  attend()
}

// Says the CPU time when it is asked, and ends with who asks.
function attend () {
  createInterface(process.stdin).on('line', () => console.log(cpu())).on('close', () => process.exit())
}

function cpu () {
  const { user, system } = process.cpuUsage()
  return (user + system) * 1000
}

// Starts a process that serves.
async function beside (what) {
  const server = spawn(process.execPath, [process.argv[1], what, count], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  const lines = createInterface(server.stdout)[Symbol.asyncIterator]()
  const next = async () => Number((await lines.next()).value)
  return {
    port: await next(),
    cpu: () => {
      server.stdin.write('cpu\n')
      return next()
    },
    end: () => server.stdin.end()
  }
}

// Runs what is asked for. Its CPU time is that of this process and of the server.
async function answer (run, server) {
  const used = async () => cpu() + (server ? await server.cpu() : 0)
  for await (const line of createInterface(process.stdin)) {
    if (line !== 'again') throw new Error('not asked for: ' + line)
    const before = await used()
    const [took, got] = await run()
    console.log([took, got, await used() - before].join(' '))
  }
  if (server) server.end()
}
