/**
 * Classification depends on bytes and timing, not on scenarios: several hundred seeded variations that no file holds,
 * over plain TCP and TLS, each judged by an oracle that knows nothing but the bytes (implied.ts).
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import t from 'tap'
import { request } from 'undici'
import type { ForwardEvent } from '../../../src/journal/events.js'
import { chanceFrom, type Draw } from '../../../src/lib/random.js'
import { reset } from '../../../src/live/wire.js'
import { type ProxyUnderTest, proxyTo } from '../peers.js'
import { type Ending, type Implied, implied } from './implied.js'

/** Once in a while other variations: SEED=… npx tap test/live/variations */
const SEED = Number(process.env.SEED ?? 20_26)
const draw: Draw = chanceFrom(SEED).stream('variations')
const upTo = (limit: number): number => Math.floor(draw() * limit)
const oneOf = <T>(all: readonly T[]): T => all[upTo(all.length)]!

interface Variation {
  kind: string
  bytes: string
  ending: Ending
  /** Milliseconds before the head, and between head and body. */
  waits?: [number, number]
}

const BODY = 'Lorem ipsum dolor sit amet, consectetur adipiscing elit.'
const FRAMINGS = ['content-length', 'chunked', 'close'] as const
const ENDINGS: readonly Ending[] = ['fin', 'rst', 'silence']

function response(framing = oneOf(FRAMINGS)): string {
  const length = upTo(BODY.length)
  const body = BODY.slice(0, length)
  const fields = ['Server: variation', `X-Note: ${'n'.repeat(upTo(40))}`, 'Cache-Control: no-store']
  if (framing === 'content-length') fields.splice(upTo(4), 0, `Content-Length: ${length}`)
  if (framing === 'chunked') fields.splice(upTo(4), 0, 'Transfer-Encoding: chunked')
  // Nobody uses the connection again: what happens to it is about this response alone.
  fields.push('Connection: close')
  const head = `HTTP/1.1 ${oneOf([200, 201, 404, 500, 503])} A reason\r\n${fields.join('\r\n')}\r\n\r\n`
  return framing === 'chunked' ? head + chunks(body) : head + body
}

function chunks(body: string): string {
  const at = upTo(body.length + 1)
  const parts = [body.slice(0, at), body.slice(at)].filter((part) => part !== '')
  return [...parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`), '0\r\n\r\n'].join('')
}

function cut(): Variation {
  const bytes = response()
  return { kind: 'cut', bytes: bytes.slice(0, upTo(bytes.length + 1)), ending: oneOf(ENDINGS) }
}

/** One byte of the head is another one, is gone, or has a new neighbour. */
function damagedHead(): Variation {
  const bytes = response()
  const end = bytes.indexOf('\r\nConnection: close')
  const at = upTo(end)
  const byte = String.fromCharCode(oneOf([upTo(256), upTo(32), 32 + upTo(95)]))
  const damaged = oneOf([
    bytes.slice(0, at) + byte + bytes.slice(at + 1),
    bytes.slice(0, at) + bytes.slice(at + 1),
    bytes.slice(0, at) + byte + bytes.slice(at),
  ])
  return undecided(bytes, damaged) ? damagedHead() : { kind: 'damaged head', bytes: damaged, ending: 'fin' }
}

/**
 * Damage of which RFC 9112 leaves to the recipient what it means: another minor version, space in front of a colon,
 * folded lines, a status of another class or none, another transfer coding.
 */
function undecided(whole: string, damaged: string): boolean {
  const [first, ...fields] = damaged.slice(0, damaged.indexOf('\r\n\r\n')).split('\r\n')
  const version = whole.slice(0, 8) !== damaged.slice(0, 8) && /^HTTP\/\d\.\d /.test(damaged)
  const status = /^HTTP\/1\.1 (\d+)/.exec(first!)?.[1]
  const otherStatus = status !== undefined && status.length === 3 && !/^[2-5]/.test(status)
  const folded = fields.some((field) => /^[ \t]/.test(field) || /^[^:]*[ \t]:/.test(field))
  const coding = /transfer-encoding: chunked/i
  const otherCoding =
    coding.test(whole) && /transfer-encoding:/i.test(damaged) && !/transfer-encoding: chunked\r/i.test(damaged)
  return version || otherStatus || folded || otherCoding
}

function damagedChunk(): Variation {
  const bytes = response('chunked')
  const body = bytes.indexOf('\r\n\r\n') + 4
  const line = bytes.indexOf('\r\n', body)
  const at = body + upTo(line - body)
  const byte = oneOf(['x', 'g', '-', ' ', 'Z', '/', '0', '5', 'a', 'F'])
  const damaged = bytes.slice(0, at) + byte + bytes.slice(at + 1)
  // Space behind a size is a bad extension for some and bad whitespace for others.
  return byte === ' ' ? damagedChunk() : { kind: 'damaged chunk', bytes: damaged, ending: oneOf(ENDINGS) }
}

const LIMIT_MS = 400
/** For all that should not wait: a busy machine must not make a timeout of it. */
const NO_LIMIT_MS = 30_000
/** Timers of two sides that share a busy machine agree no better than this. */
const TOLERANCE_MS = 100

function delayed(): Variation {
  const wait = () => (draw() < 0.5 ? 0 : LIMIT_MS * (0.2 + 1.6 * draw()))
  const bytes = response('content-length')
  // Without a body the response is whole with its head, whatever comes later.
  if (bytes.endsWith('\r\n\r\n')) return delayed()
  return { kind: 'delayed', bytes, ending: oneOf(ENDINGS), waits: [wait(), wait()] }
}

const variations: Variation[] = [
  ...Array.from({ length: 320 }, cut),
  ...Array.from({ length: 240 }, damagedHead),
  ...Array.from({ length: 90 }, damagedChunk),
  ...Array.from({ length: 80 }, delayed),
]

interface Played {
  /** When the client asked. */
  asked: number
  /** How long the request was on its way: part of it the proxy may have waited, too. */
  travelled: number
  /** How late this process was meanwhile, in all: so may have been what the proxy saw of it. */
  lag: number
  /** How long the origin really waited before the head and before the body; undefined where it never came to it. */
  waited: [number | undefined, number | undefined]
}

const unplayed = (): Played[] =>
  variations.map(() => ({ asked: 0, travelled: 0, lag: 0, waited: [undefined, undefined] }))
let played = unplayed()
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Answers each request with the variation that its path names. */
async function serve(raw: Socket, stream: Socket): Promise<void> {
  let asked = ''
  stream.setEncoding('latin1')
  raw.on('error', () => {})
  stream.on('error', () => {})
  stream.on('data', (text: string) => {
    asked += text
    if (!asked.endsWith('\r\n\r\n')) return
    const index = Number(/^GET \/(\d+) /.exec(asked)![1])
    asked = ''
    void play(raw, stream, variations[index]!, played[index]!)
  })
}

async function play(
  raw: Socket,
  stream: Socket,
  { bytes, ending, waits }: Variation,
  { waited }: Played,
): Promise<void> {
  const body = bytes.indexOf('\r\n\r\n') + 4
  const parts = waits ? [bytes.slice(0, body), bytes.slice(body)] : [bytes]
  for (const [index, part] of parts.entries()) {
    const started = performance.now()
    if (waits?.[index]) await pause(waits[index]!)
    if (raw.destroyed || raw.readableEnded) return
    await new Promise((resolve) => stream.write(part, 'latin1', resolve))
    waited[index] = performance.now() - started
  }
  if (ending === 'fin') stream.end()
  if (ending === 'rst') void reset(raw)
}

/** Has to do with the read timeout. */
const timed = ({ ending, waits }: Variation): boolean => waits !== undefined || ending === 'silence'

/** What the bytes imply, unless a wait was so near the limit that both are true; then all that may be. */
function possible(variation: Variation, { waited, travelled, lag }: Played): Implied[] {
  const { bytes, ending, waits = [0, 0] } = variation
  if (!timed(variation)) return [implied(bytes, ending)]
  const all: Implied[] = []
  const stages = ['response_head', 'response_body'] as const
  for (const [index, stage] of stages.entries()) {
    const wait = waited[index] ?? waits[index]!
    if (wait + travelled + lag > LIMIT_MS - TOLERANCE_MS) all.push(`connection_read_timeout ${stage}`)
    if (wait - lag > LIMIT_MS + TOLERANCE_MS) return all
  }
  return [...all, implied(bytes, ending)]
}

const seen = ({ failure }: ForwardEvent): string => (failure ? `${failure.type} ${failure.stage}` : 'ok')

async function listening(accept: (raw: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (raw) => {
    sockets.add(raw)
    accept(raw)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return (server.address() as AddressInfo).port
}

/** A raw origin that plays the variations, and the proxy in front of it. */
async function proxiedOrigin(scheme: 'http' | 'https', readMs: number): Promise<ProxyUnderTest> {
  let context: SecureContext | undefined
  const origin = await listening((raw) => {
    const stream = context ? new TLSSocket(raw, { isServer: true, secureContext: context }) : raw
    void serve(raw, stream)
  })
  const proxy = await proxyTo([origin], { to: [{ hop: 'app1', scheme }], timeouts: { read: `${readMs}ms` } })
  t.teardown(() => proxy.close())
  if (scheme === 'https') context = createSecureContext(await proxy.certificates.of('app1'))
  return proxy
}

async function ask(port: number, index: number): Promise<void> {
  played[index]!.asked = performance.now()
  inFlight.add(played[index]!)
  try {
    const { body } = await request(`http://127.0.0.1:${port}/${index}`, { headers: { 'x-request-id': String(index) } })
    await body.dump()
  } catch {
    // Cut, as it should be; the proxy's journal says why.
  }
  inFlight.delete(played[index]!)
}

const inFlight = new Set<Played>()
const BEAT_MS = 10
let beat = performance.now()
const heart = setInterval(() => {
  const lag = performance.now() - beat - BEAT_MS
  beat = performance.now()
  for (const one of inFlight) one.lag += Math.max(0, lag)
}, BEAT_MS)
t.teardown(() => clearInterval(heart))

for (const scheme of ['http', 'https'] as const) {
  t.test(`seed ${SEED}, ${scheme}: type and stage are those that the bytes imply`, async (t) => {
    played = unplayed()
    const patient = await proxiedOrigin(scheme, NO_LIMIT_MS)
    const strict = await proxiedOrigin(scheme, LIMIT_MS)

    let next = 0
    const work = async (): Promise<void> => {
      for (let index = next++; index < variations.length; index = next++) {
        await ask((timed(variations[index]!) ? strict : patient).port, index)
      }
    }
    await Promise.all(Array.from({ length: 24 }, work))

    const forwards = new Map(
      [...patient.forwards(), ...strict.forwards()].map((event) => [Number(event.request), event]),
    )
    const kinds = new Set<string>()
    let decided = 0
    for (const [index, variation] of variations.entries()) {
      const allowed = possible(variation, played[index]!)
      if (allowed.length === 1) decided++
      const said = seen(forwards.get(index)!)
      kinds.add(said)
      if (!allowed.includes(said as Implied))
        t.fail(`${said}, not ${allowed.join(' or ')}`, { variation, ...played[index] })
    }
    t.equal(forwards.size, variations.length, 'every request has an end')
    t.ok(decided >= 500, `${decided} of ${variations.length} have one answer only`)
    t.ok(kinds.size >= 8, [...kinds].join(', '))
  })
}
