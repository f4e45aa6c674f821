/** What a client puts on the wire and when it leaves: every byte as the peer's own socket got it. */
import t, { type Test } from 'tap'
import type { z } from 'zod'
import type { JournalEvent } from '../../src/journal/events.js'
import { runClient } from '../../src/live/client/client.js'
import { startSite } from '../../src/live/start.js'
import { clientSchema } from '../../src/scenario/clients.js'
import { hopKinds } from '../../src/scenario/hops.js'
import { answering, type Peer, type RawOrigin, rawOrigin, until } from './peers.js'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

interface Ran {
  journal: JournalEvent[]
  origin: RawOrigin
}

/** Runs the client `plain` against a raw origin, to the end of its load. */
async function ran(
  t: Test,
  serve: (peer: Peer, ordinal: number) => void,
  config: Partial<z.input<typeof clientSchema>>,
): Promise<Ran> {
  const origin = await rawOrigin(serve)
  t.teardown(() => origin.close())
  const journal: JournalEvent[] = []
  const bare = { id: 'bare', hops: {}, faults: [], seed: 1 }
  const site = await startSite(
    bare,
    (event) => void journal.push(event),
    (message) => t.fail(message),
  )
  t.teardown(() => site.scope.close())
  const scenario = { ...bare, hops: { app: hopKinds.origin.schema.parse({ kind: 'origin' }) } }
  const addressOf = () => ({ hop: 'app', place: 'app', host: '127.0.0.1', port: origin.port })
  const client = clientSchema.parse({ to: 'app', ...config })
  await site.beginLoad()
  await runClient({ ...site, scenario, addressOf }, 'plain', client, new AbortController().signal)
  return { journal, origin }
}

const attemptsIn = ({ journal }: Ran) => journal.flatMap((event) => (event.event === 'attempt' ? [event] : []))

/** Answers every request of a connection. */
const alwaysAnswering = (peer: Peer) => peer.socket.on('data', () => peer.send(OK))

t.test('a body goes out with its length, or in chunks', async (t) => {
  const body = 'hello'
  const sized = await ran(t, answering(OK), { request: { method: 'POST', body } })
  t.match(sized.origin.connections[0]!.received, /^POST \/ HTTP\/1\.1\r\n[\s\S]*content-length: 5\r\n\r\nhello$/i)
  t.notMatch(sized.origin.connections[0]!.received, /transfer-encoding/i)

  const chunked = await ran(
    t,
    async (peer) => {
      await peer.until('0\r\n\r\n')
      peer.send(OK)
    },
    { request: { method: 'POST', body, framing: 'chunked' } },
  )
  const { received } = chunked.origin.connections[0]!
  t.match(received, /transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/i)
  t.notMatch(received, /content-length/i)
})

t.test('a chunked body is sent anew with every attempt', async (t) => {
  const retry = { type: 'full_jitter', attempts: 2, base: '1ms' } as const
  const twice = await ran(
    t,
    async (peer, ordinal) => {
      await peer.until('0\r\n\r\n')
      peer.send(ordinal === 1 ? 'HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' : OK)
    },
    { request: { method: 'PUT', size: '7B', framing: 'chunked' }, retry, keep_alive: false },
  )
  t.same(
    twice.origin.connections.map((peer) => /7\r\nbadgate\r\n0\r\n\r\n$/.test(peer.received)),
    [true, true],
  )
})

t.test('raw bytes are the whole request, byte for byte, each on a connection of its own', async (t) => {
  const raw = 'GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \xe9\r\n\r\n'
  const seen = await ran(t, answering(OK), { request: { raw }, load: { requests: 2 } })
  t.same(
    seen.origin.connections.map((peer) => peer.received),
    [raw, raw],
  )
  t.match(attemptsIn(seen), [{ status: 200, bytes: 2 }, { status: 200 }])
})

t.test('half a request, raw, waits for nothing but its own patience', async (t) => {
  const raw = 'GET / HTTP/1.1\r\nHo'
  const seen = await ran(t, () => {}, { request: { raw }, gives_up: '20ms' })
  const [peer] = seen.origin.connections
  t.equal(await peer!.ended(), 'FIN')
  t.equal(peer!.received, raw)
  t.match(attemptsIn(seen), [{ gave_up: true, status: undefined, failure: undefined, decision: 'gave_up' }])
})

t.test('a client that gives up closes the connection and is gone, whatever its policy', async (t) => {
  const retry = { type: 'full_jitter', attempts: 4, base: '1ms' } as const
  const seen = await ran(t, () => {}, { gives_up: '30ms', retry })
  t.equal(await seen.origin.connections[0]!.ended(), 'FIN')
  t.equal(seen.origin.connections.length, 1)
  const [attempt] = attemptsIn(seen)
  t.ok(attempt!.ms >= 29, `${attempt!.ms}`)
  t.match(seen.journal.at(-1), { event: 'request', ok: false, gave_up: true, attempts: 1 })
})

t.test('it gives up in the middle of a body too, and keeps what it got', async (t) => {
  const seen = await ran(t, answering('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'), { gives_up: '300ms' })
  t.match(attemptsIn(seen), [{ gave_up: true, status: 200, bytes: 3, failure: undefined, decision: 'gave_up' }])
})

t.test('an answer in time leaves nothing of the patience behind', async (t) => {
  const seen = await ran(t, alwaysAnswering, { gives_up: '1h', load: { requests: 3 } })
  t.equal(seen.origin.connections.length, 1)
  t.match(attemptsIn(seen), [{ status: 200, gave_up: undefined }, { status: 200 }, { status: 200 }])
})

t.test('it dials from its source address', async (t) => {
  const seen = await ran(t, alwaysAnswering, { source: '127.0.7.9' })
  t.equal(seen.origin.connections[0]!.socket.remoteAddress, '127.0.7.9')
  t.match(attemptsIn(seen)[0]!.local, /^127\.0\.7\.9:\d+$/)
})

t.test('a request that holds its connection keeps the others from using it', async (t) => {
  const open = { rate: '1000/s', for: '3ms' } as const
  const held = await ran(t, alwaysAnswering, { load: open, hold: '100ms' })
  t.equal(held.origin.connections.length, 3)
  const again = await ran(t, alwaysAnswering, { load: { requests: 3 }, hold: '1ms' })
  t.equal(again.origin.connections.length, 1, 'and gives it back afterwards')
  await until(() => held.origin.connections.every((peer) => peer.socket.readyState !== 'opening'))
})
