// Does what compare asks for, a line each, and answers with nanoseconds and the
// number of keys that arrived. Usage: node sync.mjs scuttlebutt|dump|load|yjs KEYS
// For scuttlebutt, a second process is what it syncs with, sync.mjs serve KEYS, or
// whoever listens at a port that is given behind KEYS. dump and load are given a
// file there.
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import net from 'node:net'
import { spawn } from 'node:child_process'

const require = createRequire(process.cwd() + '/')
const [what, keys] = [process.argv[2], Number(process.argv[3])]
const key = i => 'key' + String(i).padStart(6, '0')
const value = i => 'value of ' + i

const where = process.argv[4]

const works = { serve, scuttlebutt, dump, load, yjs }
await works[what]()

function filled () {
  const Model = require('scuttlebutt/model')
  const full = new Model()
  for (let i = 0; i < keys; i++) full.set(key(i), value(i))
  return full
}

async function serve () {
  const full = filled()
  const server = net.createServer(c => {
    const s = full.createStream()
    c.on('error', () => {})
    c.pipe(s).pipe(c)
  })
  server.listen(0, '127.0.0.1', () => console.log(server.address().port))
  process.stdin.resume().on('end', () => process.exit())
}

async function scuttlebutt () {
  const Model = require('scuttlebutt/model')
  const server = where ? null : spawn(process.execPath, [process.argv[1], 'serve', keys], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  const port = where || (await once(createInterface(server.stdout), 'line'))[0]
  await answer(async () => {
    const empty = new Model()
    const start = process.hrtime.bigint()
    const c = net.connect(Number(port), '127.0.0.1')
    const s = empty.createStream()
    s.pipe(c).pipe(s)
    await new Promise(resolve => s.once('sync', resolve))
    const took = process.hrtime.bigint() - start
    c.destroy()
    return [took, empty.keys().length]
  })
  if (server) server.stdin.end()
}

async function dump () {
  const full = filled()
  await answer(async () => {
    const start = process.hrtime.bigint()
    await once(full.createReadStream({ tail: false }).pipe(createWriteStream(where)), 'finish')
    return [process.hrtime.bigint() - start, keys]
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
    for (let i = 0; i < keys; i++) full.getMap().set(key(i), value(i))
  })
  await answer(async () => {
    const empty = new Y.Doc()
    const start = process.hrtime.bigint()
    Y.applyUpdate(empty, Y.encodeStateAsUpdate(full, Y.encodeStateVector(empty)))
    const took = process.hrtime.bigint() - start
    return [took, empty.getMap().size]
  })
}

async function answer (run) {
  for await (const line of createInterface(process.stdin)) {
    if (line !== 'again') throw new Error('not asked for: ' + line)
    const [took, got] = await run()
    console.log(took + ' ' + got)
  }
}
