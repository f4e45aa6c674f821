/** The origin when nothing is wrong: framing, keep-alive, bodies, and a health page apart from the work. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { Agent, get, request } from 'node:http'
import t, { type Test } from 'tap'
import { type Rig, type RigInput, rig } from '../../src/rig.js'

async function opened(t: Test, input: RigInput): Promise<Rig> {
  const lab = await rig(input)
  t.teardown(() => lab.close())
  return lab
}

interface Answer {
  status: number
  headers: Record<string, unknown>
  body: string
}

function ask(url: string, options: object = {}, body?: Buffer | string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString() }),
      )
    })
    sent.on('error', reject).end(body)
  })
}

t.test('the three framings carry the same body', async (t) => {
  const expected = {
    'content-length': { 'content-length': '5' },
    chunked: { 'transfer-encoding': 'chunked', 'content-length': undefined },
    close: { connection: 'close', 'content-length': undefined, 'transfer-encoding': undefined },
  }
  for (const [framing, headers] of Object.entries(expected)) {
    const response = { body: 'hello', framing: framing as 'chunked', status: 201, headers: { 'X-Kind': framing } }
    const lab = await opened(t, { hops: { app: { kind: 'origin', response } } })
    const answer = await ask(lab.url)
    t.match(answer, { status: 201, body: 'hello', headers: { ...headers, 'x-kind': framing } }, framing)
  }
})

t.test('one connection serves many requests, in order', async (t) => {
  const lab = await opened(t, { hops: { app: { kind: 'origin' } } })
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (let n = 0; n < 5; n++) await ask(`${lab.url}/${n}`, { agent })
  agent.destroy()
  const served = lab.journal.flatMap((event) => (event.event === 'served' ? [event] : []))
  t.same(
    served.map(({ path, ordinal, outcome }) => [path, ordinal, outcome]),
    [0, 1, 2, 3, 4].map((n) => [`/${n}`, n + 1, 'answered']),
  )
  t.equal(lab.facts.connections.get('app'), 1)
})

t.test('a request body is read to its end, whatever its framing', async (t) => {
  const lab = await opened(t, { hops: { app: { kind: 'origin' } } })
  const body = Buffer.alloc(300_000, 'x')
  await ask(lab.url, { method: 'POST', headers: { 'content-length': body.length } }, body)
  await ask(lab.url, { method: 'POST', headers: { 'transfer-encoding': 'chunked' } }, body)
  t.same(
    lab.attempts().map((seen) => seen.request_bytes),
    [body.length, body.length],
  )
})

t.test('HEAD has the length and no body', async (t) => {
  const lab = await opened(t, { hops: { app: { kind: 'origin', response: { body: 'hello' } } } })
  t.match(await ask(lab.url, { method: 'HEAD' }), { body: '', headers: { 'content-length': '5' } })
})

t.test('the health page answers when no request does, and does not count as work', async (t) => {
  const lab = await opened(t, {
    hops: { app: { kind: 'origin', health: '/up' } },
    faults: [{ id: 'rst', on: 'app', at: 'request_head', effect: 'reset' }],
  })
  await t.rejects(ask(lab.url), { code: 'ECONNRESET' })
  t.match(await ask(`${lab.url}/up`), { status: 200, body: 'healthy\n' })
  t.equal(lab.fault('rst').fired, 1)
  t.equal(lab.attempts().length, 1)
  t.equal(lab.facts.origins.get('app')?.requests, 1)
})

t.test('a client that leaves is written down as one', async (t) => {
  const lab = await opened(t, { hops: { app: { kind: 'origin', response: { size: '64MB' } } } })
  await new Promise<void>((resolve) => {
    get(lab.url, (response) => response.once('data', () => resolve(void response.destroy()))).on('error', () => {})
  })
  const aborted = () => lab.journal.some((event) => event.event === 'served' && event.outcome === 'aborted')
  while (!aborted()) await new Promise((resolve) => setImmediate(resolve))
  t.pass('it is in the journal')
})

t.test('what is not HTTP gets a close, and the origin lives', async (t) => {
  const lab = await opened(t, { hops: { app: { kind: 'origin' } } })
  const { connect } = await import('node:net')
  const socket = connect(Number(new URL(lab.url).port), '127.0.0.1')
  socket.write('SSH-2.0-client\r\n\r\n')
  await new Promise((resolve) =>
    socket
      .on('close', resolve)
      .on('error', () => {})
      .resume(),
  )
  t.equal((await ask(lab.url)).status, 200)
})

t.test(
  'an echo tells what arrived: method, path, raw fields in their order, the body by its digest, the connection',
  async (t) => {
    const { connect } = await import('node:net')
    const lab = await opened(t, { hops: { app: { kind: 'origin', response: { echo: true } } } })
    const socket = connect(Number(new URL(lab.url).port), '127.0.0.1')
    const head = 'PUT /a%20b?c HTTP/1.1\r\nhOST: x\r\nX-A: 1\r\nx-a: 2\r\nTransfer-Encoding: chunked\r\n\r\n'
    socket.write(`${head}3\r\nabc\r\n0\r\n\r\n`)
    const [bytes] = await once(socket, 'data')
    socket.destroy()
    t.match(String(bytes), /\r\nContent-Type: application\/json\r\n/)
    t.same(JSON.parse(String(bytes).split('\r\n\r\n')[1]!), {
      method: 'PUT',
      path: '/a%20b?c',
      http_version: '1.1',
      headers: [
        ['hOST', 'x'],
        ['X-A', '1'],
        ['x-a', '2'],
        ['Transfer-Encoding', 'chunked'],
      ],
      body: { bytes: 3, sha256: createHash('sha256').update('abc').digest('hex') },
      connection: 1,
      request: 1,
    })
    const second = await ask(lab.url)
    t.match(JSON.parse(second.body), { connection: 2, request: 1, body: { bytes: 0 } })
  },
)

t.test('operations are counted where the work is done, by key, whatever the client hears of it', async (t) => {
  for (const honoured of [false, true]) {
    const lab = await opened(t, {
      hops: { app: { kind: 'origin', operations: { once: honoured } } },
      faults: [
        { id: 'unread', on: 'app', at: 'request_head', effect: 'reset', match: { path: '/unread' } },
        { id: 'lost', on: 'app', at: 'response_head', effect: 'close', match: { path: '/lost' } },
      ],
    })
    const order = (path: string, key?: string) =>
      ask(`${lab.url}${path}`, { method: 'POST', headers: key === undefined ? {} : { 'idempotency-key': key } })
    await t.rejects(order('/unread', 'a'), 'before the work')
    await t.rejects(order('/lost', 'a'), 'behind it')
    t.equal((await order('/', 'a')).status, 200, 'the client tried again')
    await order('/', 'b')
    await order('/', '__proto__')
    await order('/')
    t.same(lab.facts.origins.get('app')!.operations, { applied: honoured ? 3 : 4, repeated: honoured ? 0 : 1 })
    const applied = lab.journal.flatMap((event) => (event.event === 'operation' ? [[event.key, event.applied]] : []))
    t.same(applied, [
      ['a', 1],
      ['a', honoured ? 0 : 2],
      ['b', 1],
      ['__proto__', 1],
    ])
  }
})

t.test('the journal has what the origin promised and the checksum of what it read, where it did', async (t) => {
  const lab = await opened(t, {
    hops: { app: { kind: 'origin' } },
    faults: [
      {
        id: 'later',
        on: 'app',
        at: 'request_head',
        match: { path: '/later' },
        effect: { type: 'respond', status: 503, headers: { 'retry-after': '2' } },
      },
    ],
  })
  const post = (path: string, body: string) => ask(`${lab.url}${path}`, { method: 'POST' }, body)
  t.equal((await post('/', 'abc')).status, 200)
  t.equal((await post('/', 'abd')).status, 200)
  t.equal((await ask(lab.url)).status, 200)
  t.equal((await post('/later', 'abc')).headers['retry-after'], '2')
  const served = lab.journal.flatMap((event) => (event.event === 'served' ? [event] : []))
  t.same(
    served.map(({ body_crc, retry_after }) => [body_crc, retry_after]),
    // The checksum of zlib and PNG (RFC 1952 section 8), as `crc32` prints it.
    [
      [0x352441c2, undefined],
      [0xab40d461, undefined],
      [0, undefined],
      [undefined, '2'],
    ],
    'the body of the last one was not read: it was answered before',
  )
})
