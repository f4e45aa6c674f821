/** What effects that go on, answer or send do at each moment of an origin, seen from the peer's own socket. */
import { connect as connectTls } from 'node:tls'
import t from 'tap'
import type { ServedEvent } from '../../src/journal/events.js'
import type { Rig, RigInput } from '../../src/rig.js'
import { dialed, Peer, portOf, until, withRig } from './peers.js'

const HELLO = 'hello'
const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const POST = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789`
const usual = /^HTTP\/1\.1 200 OK\r\nContent-Length: 5\r\nDate: [^\r]+\r\nConnection: keep-alive\r\n\r\nhello$/

type FaultInput = NonNullable<RigInput['faults']>[number]

const origin = (faults: object[], app: object = {}): RigInput => ({
  hops: { app: { kind: 'origin', response: { body: HELLO }, ...app } },
  faults: faults.map((fault, n) => ({ id: `f${n}`, on: 'app', ...fault }) as FaultInput),
})

const served = (lab: Rig): ServedEvent[] => lab.journal.filter((event) => event.event === 'served')

/** The bytes and the end of one connection that sends this. */
async function seen(lab: Rig, sent: string): Promise<{ how: string; bytes: string }> {
  const peer = (await dialed(portOf(lab, 'app'))).send(sent)
  const how = await peer.ended()
  peer.socket.destroy()
  return { how, bytes: peer.received }
}

/** Where an origin can send something, what it was asked, and what is on the wire before that. */
const moments: [at: unknown, asked: string, before: string | RegExp][] = [
  ['accept', '', ''],
  ['request_head', GET, ''],
  [{ type: 'request_body', after: '4B' }, POST, ''],
  [{ type: 'response_head', after: '17B' }, GET, 'HTTP/1.1 200 OK\r\n'],
  [{ type: 'response_body', after: '2B' }, GET, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nhe$/s],
  ['response_end', GET, usual],
  [{ type: 'idle', after: '5ms' }, GET, usual],
]

for (const [at, asked, before] of moments) {
  const where = typeof at === 'string' ? at : (at as { type: string }).type

  t.test(`send at ${where}: exactly these bytes, then FIN, RST, silence or more`, async (t) => {
    for (const [end, how] of [
      ['close', 'FIN'],
      ['reset', 'RST'],
    ]) {
      await withRig(origin([{ at, effect: { type: 'send', hex: '00 ff 0d', repeat: 2, end } }]), async (lab) => {
        const got = await seen(lab, asked)
        t.equal(got.how, how)
        t.equal(got.bytes.slice(-6), '\0\xff\r\0\xff\r')
        t.match(got.bytes.slice(0, -6), before)
        t.equal(lab.fault('f0').fired, 1)
      })
    }
    await withRig(origin([{ at, effect: { type: 'send', text: 'wait\xe9', end: 'stall' } }]), async (lab) => {
      const peer = (await dialed(portOf(lab, 'app'))).send(asked)
      await peer.until('wait\xe9')
      peer.send(GET)
      await until(() => peer.socket.writableLength === 0)
      await new Promise((resolve) => setTimeout(resolve, 30))
      t.ok(peer.received.endsWith('wait\xe9'), 'what is asked behind it gets no answer')
      peer.socket.end()
      peer.socket.destroy()
    })
    await withRig(origin([{ at, effect: { type: 'send', text: 'more!', end: 'keep' }, first: 1 }]), async (lab) => {
      const peer = (await dialed(portOf(lab, 'app'))).send(asked)
      await peer.until('more!')
      const there = peer.received.length
      peer.send(GET)
      await peer.until('hello', where === 'response_end' || where === 'idle' ? 2 : 1)
      t.match(peer.received.slice(there), usual, 'the connection takes the next request')
      t.equal(lab.fault('f0').fired, 1)
      peer.socket.destroy()
    })
  })
}

t.test('send at the ClientHello: bytes under TLS, not a record of it', async (t) => {
  const fault = { at: 'client_hello', effect: { type: 'send', text: 'HTTP/1.1 400 Bad Request\r\n\r\n' } }
  await withRig(origin([fault], { tls: true }), async (lab) => {
    const peer = await dialed(portOf(lab, 'app'))
    const helloOf = new Peer(connectTls({ socket: peer.socket, servername: 'app', ca: lab.ca }))
    t.match(await helloOf.ended(), /ERR_SSL_WRONG_VERSION_NUMBER|EPROTO/)
    t.equal(peer.socket.bytesRead, 28)
    peer.socket.destroy()
  })
})

t.test('respond: another valid response, before the body is read or within it; the connection goes on', async (t) => {
  for (const at of ['request_head', { type: 'request_body', after: '4B' }]) {
    const effect = { type: 'respond', status: 503, headers: { 'Retry-After': '1' }, body: 'busy' }
    await withRig(origin([{ at, effect, first: 1 }]), async (lab) => {
      const peer = (await dialed(portOf(lab, 'app'))).send(POST)
      t.match(await peer.until('busy'), /^HTTP\/1\.1 503 Service Unavailable\r\nRetry-After: 1\r\n.*\r\n\r\nbusy$/s)
      peer.send(POST)
      await peer.until('hello')
      t.same(
        served(lab).map(({ status, outcome }) => [status, outcome]),
        [
          [503, 'answered'],
          [200, 'answered'],
        ],
      )
      peer.socket.destroy()
    })
  }
})

t.test(
  'respond within a large upload: the rest is read and thrown away, and the next request is answered',
  async (t) => {
    const size = 2_000_000
    const upload = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n${'u'.repeat(size)}`
    const effect = { type: 'respond', status: 503, body: 'busy' }
    await withRig(origin([{ at: { type: 'request_body', after: '4B' }, effect, first: 1 }]), async (lab) => {
      const peer = (await dialed(portOf(lab, 'app'))).send(upload)
      await peer.until('busy')
      peer.send(GET)
      await peer.until('hello')
      t.same(
        served(lab).map(({ status, outcome, request_bytes }) => [status, outcome, request_bytes]),
        [
          [503, 'answered', 4],
          [200, 'answered', 0],
        ],
      )
      peer.socket.destroy()
    })
  },
)

t.test('delay: nothing before the time, then everything as usual, and the connection goes on', async (t) => {
  for (const at of [
    'accept',
    'request_head',
    'request_body',
    'response_head',
    { type: 'response_body', after: '3B' },
  ]) {
    await withRig(origin([{ at, effect: { type: 'delay', by: '40ms' } }]), async (lab) => {
      const started = performance.now()
      const peer = (await dialed(portOf(lab, 'app'))).send(POST)
      t.match(await peer.until('hello'), usual)
      t.ok(performance.now() - started >= 39, JSON.stringify(at))
      t.equal(lab.fault('f0').fired, 1)
      peer.send(POST)
      await peer.until('hello', 2)
      t.match(served(lab)[1], { ordinal: 2, status: 200, outcome: 'answered', request_bytes: 10 })
      peer.socket.destroy()
    })
  }
})

t.test('a delayed response of a peer that leaves is never written', async (t) => {
  await withRig(origin([{ at: 'request_head', effect: { type: 'delay', by: '1h' } }]), async (lab) => {
    const peer = (await dialed(portOf(lab, 'app'))).send(GET)
    await until(() => lab.fault('f0').fired === 1)
    peer.socket.resetAndDestroy()
    await until(() => served(lab).length === 1)
    t.equal(served(lab)[0]!.outcome, 'aborted')
  })
})

t.test('throttle: the rest of head and body in pieces of that size, each after its time', async (t) => {
  for (const [at, pieces] of [
    ['response_head', 10],
    [{ type: 'response_body', after: '1B' }, 2],
  ] as const) {
    const chunk = at === 'response_head' ? '10B' : '2B'
    const faults = [{ at, effect: { type: 'throttle', chunk, every: '10ms' } }]
    await withRig(origin(faults), async (lab) => {
      const peer = (await dialed(portOf(lab, 'app'))).send(GET)
      const sizes: number[] = []
      peer.socket.on('data', (part: Buffer) => sizes.push(part.length))
      const started = performance.now()
      t.match(await peer.until('hello'), usual)
      t.ok(performance.now() - started >= (pieces - 1) * 9, `${pieces} pieces`)
      t.ok(sizes.length > 1, 'not in one piece')
      t.equal(served(lab)[0]!.outcome, 'answered')
      peer.socket.destroy()
    })
  }
})

t.test('throttle of a request body: the origin reads it that slowly, to its end', async (t) => {
  const at = { type: 'request_body', after: '4B' }
  await withRig(origin([{ at, effect: { type: 'throttle', chunk: '2B', every: '15ms' } }]), async (lab) => {
    const started = performance.now()
    const peer = (await dialed(portOf(lab, 'app'))).send(POST)
    await peer.until('hello')
    t.ok(performance.now() - started >= 44)
    t.match(served(lab)[0], { request_bytes: 10, outcome: 'answered' })
    peer.socket.destroy()
  })
})

for (const [effect, how] of [
  ['reset', 'RST'],
  ['close', 'FIN'],
] as const) {
  t.test(`${effect} within the request's body, behind the response, and when idle`, async (t) => {
    await withRig(origin([{ at: { type: 'request_body', after: '4B' }, effect }]), async (lab) => {
      t.same(await seen(lab, POST), { how, bytes: '' })
      t.equal(served(lab)[0]!.request_bytes, 4)
    })
    for (const at of ['response_end', { type: 'idle', after: '10ms' }]) {
      await withRig(origin([{ at, effect }]), async (lab) => {
        const got = await seen(lab, GET)
        t.equal(got.how, how)
        t.match(got.bytes, usual, 'the response is whole')
        t.equal(lab.fault('f0').fired, 1)
      })
    }
  })
}

t.test('stall: silence at every moment that takes it', async (t) => {
  for (const at of ['accept', { type: 'request_body', after: '4B' }, { type: 'response_head', after: '17B' }]) {
    await withRig(origin([{ at, effect: 'stall' }]), async (lab) => {
      const peer = (await dialed(portOf(lab, 'app'))).send(POST)
      await until(() => lab.fault('f0').fired === 1)
      await new Promise((resolve) => setTimeout(resolve, 30))
      t.equal(peer.received, (at as { type: string }).type === 'response_head' ? 'HTTP/1.1 200 OK\r\n' : '')
      t.notOk(peer.socket.readableEnded)
      peer.socket.destroy()
    })
  }
})

t.test(
  'what is not there is not reached: a place beyond the end, a request without a body, a busy connection',
  async (t) => {
    const beyond = [
      { at: { type: 'request_body', after: '11B' }, effect: 'reset' },
      { at: { type: 'response_head', after: '1KB' }, effect: 'reset' },
      { at: { type: 'response_body', after: '6B' }, effect: 'reset' },
      { at: { type: 'idle', after: '1h' }, effect: 'reset' },
    ]
    await withRig(
      origin([...beyond, { at: 'request_body', effect: 'reset', match: { method: 'GET' } }]),
      async (lab) => {
        const peer = await dialed(portOf(lab, 'app'))
        for (const [n, asked] of [POST, GET].entries()) {
          peer.send(asked)
          await peer.until('hello', n + 1)
        }
        t.same(
          [0, 1, 2, 3, 4].map((n) => lab.fault(`f${n}`).fired),
          [0, 0, 0, 0, 0],
        )
        peer.socket.destroy()
      },
    )
  },
)

t.test('faults of one response take their turns: late, then slow, then cut', async (t) => {
  const faults = [
    { at: { type: 'response_body', after: '4B' }, effect: 'close' },
    { at: { type: 'response_body', after: '1B' }, effect: { type: 'throttle', chunk: '1B', every: '10ms' } },
    { at: 'response_head', effect: { type: 'delay', by: '10ms' } },
  ]
  await withRig(origin(faults), async (lab) => {
    const got = await seen(lab, GET)
    t.equal(got.how, 'FIN')
    t.equal(got.bytes.split('\r\n\r\n')[1], 'hell')
    const fired = lab.journal.flatMap((event) => (event.event === 'fault' ? [event.fault] : []))
    t.same(fired, ['f2', 'f1', 'f0'])
    t.match(served(lab)[0], { status: 200, outcome: 'faulted' })
  })
})

t.test('requests in a pipe are answered in order, whatever fault takes one of them', async (t) => {
  const faults = [{ at: 'request_head', effect: { type: 'send', text: 'first|', end: 'keep' }, first: 1 }]
  await withRig(origin(faults), async (lab) => {
    const peer = (await dialed(portOf(lab, 'app'))).send(GET + GET)
    t.match(await peer.until('hello'), /^first\|HTTP\/1\.1 200 OK/)
    peer.socket.destroy()
  })
})
