// A client written from PROTOCOL.md, with @libp2p/yamux for the frames:
// node yamux.mjs PORT. It opens a stream on which both sides send, takes one
// that the server opens and sends back what comes, and closes the session. It
// prints one line of JSON. The packages are found by NODE_PATH.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'

// The packages use what Node has from version 22 on.
Promise.withResolvers ??= function () {
  const d = {}
  d.promise = new Promise((resolve, reject) => Object.assign(d, { resolve, reject }))
  return d
}

// load imports a package; import does not know NODE_PATH.
async function load (name) {
  const dir = join(process.env.NODE_PATH.split(delimiter)[0], name)
  const { exports } = JSON.parse(readFileSync(join(dir, 'package.json')))
  return import(pathToFileURL(join(dir, exports['.'].import)))
}
const { yamux } = await load('@libp2p/yamux')
const { AbstractMultiaddrConnection } = await load('@libp2p/utils')

// Encoding, section "Numbers" of PROTOCOL.md.
function uvarint (n) {
  const out = []
  for (; n >= 128; n = Math.floor(n / 128)) out.push(n % 128 + 128)
  return Buffer.from([...out, n])
}
function text (s) {
  const b = Buffer.from(s)
  return Buffer.concat([uvarint(b.length), b])
}
class Reader {
  constructor (bytes) { this.bytes = bytes; this.at = 0 }
  byte () {
    if (this.at >= this.bytes.length) throw new RangeError('more is to come')
    return this.bytes[this.at++]
  }
  uvarint () {
    for (let n = 0, unit = 1; ; unit *= 128) {
      const b = this.byte()
      n += (b % 128) * unit
      if (b < 128) return n
    }
  }
  take (n) {
    if (this.at + n > this.bytes.length) throw new RangeError('more is to come')
    this.at += n
    return this.bytes.subarray(this.at - n, this.at)
  }
  text () { return this.take(this.uvarint()).toString() }
}

// Section 1: the handshake.
const socket = net.connect(Number(process.argv[2]), '127.0.0.1')
socket.setNoDelay(true)
async function handshake () {
  const preface = role => Buffer.from([...Buffer.from('weir-mux'), 1, 1, role.charCodeAt(0), 0])
  socket.write(preface('c'))
  const start = performance.now()
  let got = Buffer.alloc(0)
  const size = () => got.length < 14 ? 14 : 14 + got.readUInt16BE(12)
  while (got.length < size()) {
    const chunk = socket.read()
    if (chunk === null) await new Promise(resolve => socket.once('readable', resolve))
    else got = Buffer.concat([got, chunk])
  }
  if (!got.subarray(0, 11).equals(preface('s').subarray(0, 11))) throw new Error('not weir')
  const rtt = Math.max(1, Math.round((performance.now() - start) * 1000))
  const r = new Reader(got.subarray(14))
  const hello = { window: r.uvarint(), streams: r.uvarint(), backlog: r.uvarint() }
  Object.assign(hello, { rtt: r.uvarint(), application: r.text() })
  const numbers = [0, 16, 16, rtt].map(uvarint) // window, streams, backlog, round trip
  const ours = Buffer.concat([...numbers, text('interop/1')])
  socket.write(Buffer.concat([Buffer.from([ours.length >> 8, ours.length & 255]), ours]))
  return hello
}
const hello = await handshake()

// Section 2: the frames.
const log = Object.assign(() => {}, { trace () {}, error () {}, newScope: () => log })
class Connection extends AbstractMultiaddrConnection {
  sendData (data) {
    return { sentBytes: data.byteLength, canSendMore: socket.write(Buffer.from(data.subarray())) }
  }
  sendReset () { socket.destroy() }
  async sendClose () { socket.end() }
  sendPause () { socket.pause() }
  sendResume () { socket.resume() }
}
const conn = new Connection({ direction: 'outbound', remoteAddr: {}, log })
// It would end a stream that is quiet for two minutes, by RST.
const factory = yamux({ maxInboundStreams: 16, streamOptions: { inactivityTimeout: 1e9 } })
const muxer = factory({ logger: { forComponent: () => log } }).createStreamMuxer(conn)
socket.on('data', chunk => conn.onData(chunk))
socket.on('drain', () => conn.safeDispatchEvent('drain'))

// Section 3: the control stream.
const control = await muxer.createStream()
const kinds = { END: 1, RESET: 2, ABORT: 3, DRAIN: 4, DRAINED: 5, PING: 6, PONG: 7 }
function say (kind, ...body) {
  const b = Buffer.concat(body)
  control.send(Buffer.concat([Buffer.from([kinds[kind]]), uvarint(b.length), b]))
}
const result = { hello, streams: {} }
const open = new Map() // id → what to call with the peer's terminator
const drain = { sent: false, received: false, over: false, done: false }
let waiting = Buffer.alloc(0)
control.addEventListener('message', event => {
  waiting = Buffer.concat([waiting, event.data.subarray()])
  for (;;) {
    const r = new Reader(waiting)
    let kind, body
    try {
      kind = r.byte()
      body = new Reader(r.take(r.uvarint()))
    } catch {
      return
    }
    waiting = waiting.subarray(r.at)
    heard(kind, body)
  }
})
function heard (kind, body) {
  switch (kind) {
    case kinds.END: return open.get(body.uvarint())?.(body.uvarint())
    case kinds.DRAIN: drain.received = true; return maybeOver()
    case kinds.DRAINED: drain.done = true; return
    case kinds.PING: return say('PONG', uvarint(body.uvarint()))
    case kinds.PONG: return
    default: throw new Error(`kind ${kind}: ${body.bytes.toString('hex')}`)
  }
}
// Section 7: when there is nothing left, DRAINED.
function maybeOver () {
  if (!drain.sent && drain.received) close()
  if (drain.sent && drain.received && open.size === 0 && !drain.over) {
    drain.over = true
    say('DRAINED')
  }
}
function close () {
  drain.sent = true
  say('DRAIN')
  maybeOver()
}
socket.on('end', () => { // the server, after both DRAINED
  result.clean = drain.over && drain.done
  socket.end()
  console.log(JSON.stringify(result))
  process.exit()
})

// Section 5: a direction ends by END, and a FIN follows when both have ended.
// For a stream of the peer's take gets the bytes after the head; received is
// called whenever something has come.
function use (stream, take, received) {
  const id = stream.streamId
  const hash = createHash('sha256')
  const state = { sent: 0, got: 0, offset: -1, ended: false }
  const finish = async () => {
    if (state.got > state.offset && state.offset >= 0) throw new Error('bytes after the end')
    if (!state.ended || state.got !== state.offset) return
    result.streams[id] = { ...state, hash: hash.digest('hex') }
    stream.addEventListener('close', () => { open.delete(id); maybeOver() })
    await stream.close()
  }
  open.set(id, offset => { state.offset = offset; finish(); received?.(offset) })
  let head = take ? Buffer.alloc(0) : null
  stream.addEventListener('message', event => {
    let chunk = Buffer.from(event.data.subarray())
    state.got += chunk.length
    if (head !== null) { // section 4: the head of a stream that the peer opened
      head = Buffer.concat([head, chunk])
      const r = new Reader(head)
      try {
        state.name = new Reader(r.take(r.uvarint())).text()
      } catch {
        return
      }
      chunk = head.subarray(r.at)
      head = null
    }
    hash.update(chunk)
    take?.(chunk)
    finish()
    received?.(state.got)
  })
  return {
    state,
    async send (bytes) {
      state.sent += bytes.length
      if (!stream.send(bytes)) await stream.onDrain()
    },
    async end () {
      while (stream.writeBufferLength > 0) await new Promise(resolve => setTimeout(resolve, 1))
      state.ended = true
      say('END', uvarint(id), uvarint(state.sent))
      await finish()
    }
  }
}

// What comes on a stream of the server's goes back.
let served
const back = new Promise(resolve => { served = resolve })
muxer.addEventListener('stream', ({ detail: stream }) => {
  const echo = []
  const s = use(stream, chunk => echo.push(chunk), async () => {
    if (s.state.got !== s.state.offset || s.state.answered) return
    s.state.answered = true
    for (const chunk of echo) await s.send(chunk)
    await s.end()
    served()
  })
})

const stream = await muxer.createStream()
const ours = use(stream)
const head = Buffer.concat([text('both ways'), uvarint(1), text('from'), text('node')])
await ours.send(Buffer.concat([uvarint(head.length), head]))
const all = Buffer.alloc(4 << 20)
for (let i = 0; i < all.length; i++) all[i] = (i * 7919) >> 3
result.hash = createHash('sha256').update(all).digest('hex')
for (let at = 0; at < all.length; at += 32 << 10) await ours.send(all.subarray(at, at + (32 << 10)))
await ours.end()
await back
close()
