// Replicas of npm's, for the tests: node peer.js. It does what stdin says, a JSON
// object a line, whose "of" names a replica, and answers on stdout in the same way.
//   {"make":[NAME,KIND,ID,KEYS]} makes one and listens on a port of 127.0.0.1
//   {"of":NAME,"set":[k,v]}, emit, value, row, rm, push, insert, nested: writes
//   connect, cut, dump, load, state: see below
'use strict'
const net = require('net')
const fs = require('fs')
const say = o => process.stdout.write(JSON.stringify(o) + '\n')

function make (kind, id, keys) {
  if (kind === 'model') {
    const Model = require('scuttlebutt/model')
    if (!keys) return new Model(id)
    const read = f => fs.readFileSync(keys + '/' + f)
    const known = {}
    const hash = k => require('crypto').createHash('sha1').update(k).digest('base64')
    for (const f of fs.readdirSync(keys)) if (/\.pem$/.test(f)) known[hash(read(f))] = read(f)
    return new Model(require('scuttlebutt/security')(known, read(id), read(id + '.pem')))
  }
  if (kind === 'events') return new (require('scuttlebutt/events'))(id)
  if (kind === 'value') return require('r-value')(id)
  if (kind === 'doc') return new (require('crdt').Doc)(id)
  const Bucket = require('scuttlebucket')
  const parts = { m: make('model'), v: make('value'), d: make('doc'), e: make('events') }
  const bucket = new Bucket(id)
  for (const name in parts) bucket.add(name, parts[name])
  return bucket.add('s', new Bucket(id).add('m', make('model')))
}

const on = require('events').EventEmitter.prototype.on
class Replica {
  constructor (name, kind, id, keys) {
    this.name = name
    this.kind = kind
    this.r = make(kind, id, keys)
    this.links = new Set()
    this.seq = kind === 'doc' ? this.r.createSeq('list', 'todo') : null
    for (const e of ['invalid', 'unverified_data']) {
      on.call(this.r, e, x => this.say({ event: e, data: String(x) }))
    }
    this.server = net.createServer(c => this.wire(c, {}))
    this.server.listen(0, '127.0.0.1', () => say({ of: name, port: this.server.address().port }))
  }

  say (o) { say(Object.assign({ of: this.name }, o)) }

  wire (c, opts) {
    const s = this.r.createStream(opts)
    this.links.add(c)
    s.on('header', h => this.say({ event: 'header', data: { id: h.id, meta: h.meta } }))
    s.on('sync', () => this.say({ event: 'sync' }))
    s.on('error', e => { this.say({ event: 'error', data: String(e) }); c.destroy() })
    c.on('error', () => {})
    c.on('close', () => { this.links.delete(c); s.end(); this.say({ event: 'close' }) })
    c.pipe(s).pipe(c)
  }

  part (name) { return this.kind === 'bucket' ? this.r.get(name) : this.r }
  set ([k, v]) { this.part('m').set(k, v) }
  nested ([k, v]) { this.r.get('s').get('m').set(k, v) }
  emit (a) { const e = this.part('e'); e.emit.apply(e, a) }
  value (v) { this.part('v').set(v) }
  row ([k, v]) { this.part('d').set(k, v) }
  rm (k) { this.part('d').rm(k) }
  push (o) { this.seq.push(o) }
  insert ([k, a, b]) { this.seq.insert(this.r.rows[k], a, b) }
  raw (u) { this.r._update(u) }
  many (n) { for (let i = 0; i < n; i++) this.part('m').set('key' + String(i).padStart(6, '0'), 'value of ' + i) }
  connect (port) { this.wire(net.connect(port, '127.0.0.1'), {}) }
  cut () { for (const c of this.links) c.destroy() }
  once (port) { this.wire(net.connect(port, '127.0.0.1'), { tail: false }) }

  dump (path) {
    const began = process.hrtime.bigint()
    this.r.createReadStream({ tail: false }).pipe(fs.createWriteStream(path))
      .on('finish', () => this.say({ dumped: Number(process.hrtime.bigint() - began) }))
  }

  load (path) {
    const began = process.hrtime.bigint()
    const w = this.r.createWriteStream()
    w.on('sync', () => this.say({ loaded: Number(process.hrtime.bigint() - began) }))
    fs.createReadStream(path).pipe(w)
  }

  size () { this.say({ size: this.r.keys().length }) }
  end () { this.cut(); this.server.close() }

  state () {
    const { r, seq } = this
    this.say({ state: {
      sources: r.sources,
      id: r.id,
      json: r.toJSON ? r.toJSON() : null,
      history: r.history({}),
      seq: seq ? seq.asArray().map(row => row.id) : null
    } })
  }
}

const replicas = {}
require('readline').createInterface(process.stdin).on('line', line => {
  const command = JSON.parse(line)
  if (command.make) {
    const [name, kind, id, keys] = command.make
    replicas[name] = new Replica(name, kind, id, keys)
    return
  }
  for (const k in command) if (k !== 'of') replicas[command.of][k](command[k])
}).on('close', () => process.exit(0))
