// A replica of npm's, for the tests: node peer.js KIND ID. It listens on a port of
// 127.0.0.1 and does what stdin says, a JSON object a line:
//   {"set":[k,v]} {"emit":[name,…]} {"value":v} {"row":[id,{…}]} {"rm":id}
//   {"push":{…}} {"move":[id,beforeId,afterId]} {"many":n} connect, cut, dump, load
// On stdout, a JSON object a line: {"port":n} first, then {"event":…} and answers.
'use strict'
const net = require('net')
const fs = require('fs')
const [kind, id, signing] = process.argv.slice(2)
const say = o => process.stdout.write(JSON.stringify(o) + '\n')

const security = signing && require('scuttlebutt/security')(
  JSON.parse(fs.readFileSync(signing + '/keys.json')), fs.readFileSync(signing + '/' + id + '.pem'),
  fs.readFileSync(signing + '/' + id + '.pub'))

function make (kind, id) {
  if (kind === 'model') return new (require('scuttlebutt/model'))(security || id)
  if (kind === 'events') return new (require('scuttlebutt/events'))(id)
  if (kind === 'value') return require('r-value')(id)
  if (kind === 'doc') return new (require('crdt').Doc)(id)
  const bucket = new (require('scuttlebucket'))(id)
  bucket.add('m', make('model')).add('v', make('value')).add('d', make('doc')).add('e', make('events'))
  return bucket
}
const r = make(kind, id)
const doc = kind === 'doc' ? r : kind === 'bucket' ? r.get('d') : null
const seq = doc && doc.createSeq('list', 'todo')
const model = kind === 'bucket' ? r.get('m') : r
const value = kind === 'bucket' ? r.get('v') : r
const emitter = kind === 'bucket' ? r.get('e') : r
const on = require('events').EventEmitter.prototype.on
for (const e of ['invalid', 'unverified_data']) on.call(r, e, x => say({ event: e, data: String(x) }))

const links = new Set()
function wire (c, opts) {
  const s = r.createStream(opts)
  links.add(c)
  s.on('header', h => say({ event: 'header', data: { id: h.id, meta: h.meta } }))
  s.on('sync', () => say({ event: 'sync' }))
  s.on('error', e => { say({ event: 'error', data: String(e) }); c.destroy() })
  c.on('error', () => {})
  c.on('close', () => { links.delete(c); s.destroy && s.destroy(); say({ event: 'close' }) })
  c.pipe(s).pipe(c)
}
const opts = process.env.OPTS ? JSON.parse(process.env.OPTS) : {}
const server = net.createServer(c => wire(c, opts)).listen(0, '127.0.0.1', () => say({ port: server.address().port }))

function state () {
  const json = r.toJSON ? r.toJSON() : null
  return {
    sources: r.sources,
    id: r.id,
    json,
    history: r.history({}),
    seq: seq ? seq.asArray().map(r => r.id) : null
  }
}
const commands = {
  set: ([k, v]) => model.set(k, v),
  emit: a => emitter.emit.apply(emitter, a),
  value: v => value.set(v),
  row: ([k, v]) => doc.set(k, v),
  rm: k => doc.rm(k),
  push: o => seq.push(o),
  move: ([k, a, b]) => seq.insert(doc.rows[k], a, b),
  many: n => { for (let i = 0; i < n; i++) model.set('key' + String(i).padStart(6, '0'), 'value of ' + i) },
  raw: u => r._update(u),
  connect: port => wire(net.connect(port, '127.0.0.1'), opts),
  cut: () => { for (const c of links) c.destroy() },
  dump: path => r.createReadStream({ tail: false }).pipe(fs.createWriteStream(path)).on('finish', () => say({ dumped: path })),
  load: path => {
    const w = r.createWriteStream()
    const began = process.hrtime.bigint()
    w.on('sync', () => say({ loaded: Number(process.hrtime.bigint() - began) }))
    fs.createReadStream(path).pipe(w)
  },
  state: () => say({ state: state() })
}
require('readline').createInterface(process.stdin).on('line', line => {
  const command = JSON.parse(line)
  for (const k in command) commands[k](command[k])
}).on('close', () => process.exit(0))
