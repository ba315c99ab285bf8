// Seaport's clients and hubs, played by a test: node seaport.cjs. Each line of
// stdin is [method, name, …arguments]; each is answered on stdout by a line
// {"value": …}, in order, but for get, which answers when it can. Events are
// lines {"name", "event", "meta"}.
const seaport = require('seaport')

const peers = {}
const say = (line) => process.stdout.write(JSON.stringify(line) + '\n')

function add (name, s) {
  peers[name] = s
  for (const event of ['register', 'free']) s.on(event, (meta) => say({ name, event, meta }))
  s.on('disconnect', () => say({ name, event: 'disconnect' }))
}

const methods = {
  connect (name, port, opts, done) { // opts are { heartbeat, timeout }
    add(name, seaport.connect(port, '127.0.0.1', opts))
    done()
  },
  hub (name, host, opts, done) {
    add(name, seaport.createServer(opts))
    const listening = () => done(peers[name].address().port)
    host ? peers[name].listen(0, host, listening) : peers[name].listen(0, listening)
  },
  peer: (name, port, done) => done(void peers[name].peer(port, '127.0.0.1')),
  register: (name, role, meta, done) => done(peers[name].register(role, meta)),
  free: (name, what, done) => done(void peers[name].free(what)),
  query: (name, role, done) => done(peers[name].query(role)),
  get: (name, role, done) => peers[name].get(role, done),
  set: (name, id, meta, done) => done(void peers[name].set(id, meta)),
  close: (name, done) => done(void peers[name].close())
}

let rest = ''
process.stdin.setEncoding('utf8')
process.stdin.on('data', (text) => {
  const lines = (rest + text).split('\n')
  rest = lines.pop()
  for (const line of lines) {
    const [method, name, ...args] = JSON.parse(line)
    methods[method](name, ...args, (value = null) => say({ value }))
  }
})
process.stdin.on('end', () => process.exit())
