/**
 * Seeded variations of a response that no file holds (cut at a random byte, a damaged head, a damaged chunk), as they
 * come out of the real product and of the mini proxy in its dialect: byte for byte.
 */
import { EventEmitter, once } from 'node:events'
import type { Failure } from '../../../src/core/failure.js'
import type { JournalEvent } from '../../../src/journal/events.js'
import { chanceFrom, type Draw } from '../../../src/lib/random.js'
import type { Product } from '../../../src/live/proxies/stand_in.js'
import { type LiveSite, startSite } from '../../../src/live/start.js'
import { checkScenario } from '../../../src/scenario/parse.js'
import { dialed } from '../../live/peers.js'
import type { Subject } from './product.js'
import { isSame, logOf, type Row, type Seen } from './seen.js'

export interface Variation {
  kind: 'cut' | 'damaged head' | 'damaged chunk'
  bytes: string
  end: 'close' | 'reset' | 'stall'
}

const BODY = 'Lorem ipsum dolor sit amet, consectetur adipiscing elit.'

export function drawVariations({ name }: Subject, seed: number, count: number): Variation[] {
  const draw: Draw = chanceFrom(seed).stream(name)
  const upTo = (limit: number): number => Math.floor(draw() * limit)
  const oneOf = <T>(all: readonly T[]): T => all[upTo(all.length)]!
  const ENDS = ['close', 'reset', 'stall'] as const

  function response(framing = oneOf(['length', 'chunked', 'close'])): string {
    const body = BODY.slice(0, upTo(BODY.length))
    const fields = ['X-Note: some words', 'Cache-Control: no-store', 'Content-Type: text/plain', 'ETag: "a"']
    if (framing === 'length') fields.splice(upTo(5), 0, `Content-Length: ${body.length}`)
    if (framing === 'chunked') fields.splice(upTo(5), 0, 'Transfer-Encoding: chunked')
    const head = `HTTP/1.1 ${oneOf(['200 OK', '201 Created', '404 Not Found', '503 Busy'])}\r\n${fields.join('\r\n')}\r\n\r\n`
    return framing === 'chunked' ? head + chunks(body) : head + body
  }
  function chunks(body: string): string {
    const at = upTo(body.length + 1)
    const parts = [body.slice(0, at), body.slice(at)].filter((part) => part !== '')
    return [...parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`), '0\r\n\r\n'].join('')
  }
  /** One byte is another one, is gone, or has a new neighbour. */
  function damaged(bytes: string, at: number): string {
    const byte = String.fromCharCode(oneOf([upTo(256), upTo(32), 32 + upTo(95)]))
    return oneOf([bytes.slice(0, at) + byte, bytes.slice(0, at), bytes.slice(0, at + 1) + byte]) + bytes.slice(at + 1)
  }
  return Array.from({ length: count }, (_, index): Variation => {
    if (index % 5 < 2) {
      const bytes = response()
      return { kind: 'cut', bytes: bytes.slice(0, 1 + upTo(bytes.length)), end: oneOf(ENDS) }
    }
    const bytes = response(index % 5 === 4 ? 'chunked' : undefined)
    const body = bytes.indexOf('\r\n\r\n') + 4
    if (index % 5 < 4) return { kind: 'damaged head', bytes: damaged(bytes, upTo(body)), end: 'close' }
    return { kind: 'damaged chunk', bytes: damaged(bytes, body + upTo(bytes.length - body)), end: oneOf(ENDS) }
  })
}

/** For what ends in silence; all else must not become late on a busy machine. */
const LIMITS = { stall: '400ms', other: '30s' }

/** What a busy machine made differ does not differ again and again: an RST may overtake bytes that nobody has read yet. */
const MOST_TIMES = 6

export async function compareVariations(
  subject: Subject,
  variations: readonly Variation[],
  product: Product,
): Promise<Row[]> {
  const rows: Row[] = []
  let left = variations.map((_, index) => index)
  for (let time = 1; left.length > 0 && time <= MOST_TIMES; time++) {
    const some = left.map((index) => variations[index]!)
    const [real, mini] = await Promise.all([playAt(subject, some, product), playAt(subject, some)])
    for (const [at, index] of left.entries()) {
      rows[index] = { name: `${index}, ${variations[index]!.kind}`, real: real[at]!, mini: mini[at]! }
    }
    left = left.filter((index) => !isSame(rows[index]!))
  }
  return rows
}

const AT_ONCE = 24

async function playAt(subject: Subject, variations: readonly Variation[], product?: Product): Promise<Seen[]> {
  const patient = await startEntrance(subject, variations, LIMITS.other, product)
  const strict = await startEntrance(subject, variations, LIMITS.stall, product)
  const seen: Seen[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let index = next++; index < variations.length; index = next++) {
      seen[index] = await ask(subject, variations[index]!.end === 'stall' ? strict : patient, index)
    }
  }
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  } finally {
    await Promise.all([patient.site.scope.close(), strict.site.scope.close()])
  }
  return seen
}

interface Entrance {
  site: LiveSite
  port: number
  journal: JournalEvent[]
  /** Resolves when the proxy has told how that request ended, with the failure if it did not go well. */
  ended(request: string): Promise<Failure | undefined>
}

const MARKER = 'this is the next response'

async function startEntrance(
  { name, hop }: Subject,
  variations: readonly Variation[],
  read: string,
  product?: Product,
): Promise<Entrance> {
  const faults = variations.map(({ bytes, end }, index) => ({
    id: `v${index}`,
    on: 'app',
    at: 'request_head',
    match: { path: `/${index}` },
    effect: { type: 'send', hex: Buffer.from(bytes, 'latin1').toString('hex'), end },
  }))
  // Whether the next request meets a connection that is just being closed would be a matter of moments.
  const keepalive = { connections: 0 }
  const usual = { dialect: name, next_upstream: 'off', keepalive, timeouts: { read } }
  const lb = { kind: 'proxy', to: ['app'], ...usual, ...hop }
  const app = { kind: 'origin', response: { body: MARKER } }
  const input = { id: 'variations', title: 'variations', hops: { app, lb }, faults }
  const scenario = checkScenario(input as never, { runnable: false })
  const journal: JournalEvent[] = []
  const told = new EventEmitter().setMaxListeners(0)
  const write = (event: JournalEvent) => {
    journal.push(event)
    if (event.event === 'forward') told.emit(event.request, event.failure)
  }
  const broken = (message: string) => {
    throw new Error(message)
  }
  const site = await startSite(scenario, write, broken, product)
  await site.beginLoad()
  const ended = async (request: string) => ((await once(told, request)) as [Failure | undefined])[0]
  return { site, port: site.addressOf('lb').port, journal, ended }
}

/** The connection shows with a second request where the first response ended, and whether anything may follow it. */
async function ask(subject: Subject, { port, journal, ended }: Entrance, index: number): Promise<Seen> {
  const peer = await dialed(port)
  const over = ended(`v${index}`)
  peer.send(`GET /${index} HTTP/1.1\r\nHost: lb.test\r\nX-Request-Id: v${index}\r\n\r\n`)
  await over
  const next = ended(`next${index}`)
  peer.send(`GET /next HTTP/1.1\r\nHost: lb.test\r\nX-Request-Id: next${index}\r\n\r\n`)
  // A busy machine may be late with it: that play is none, and there is another.
  const late = next.then((failure) => (failure ? 'the next request was late' : peer.until(MARKER)))
  const received = await Promise.race([peer.until(MARKER), late])
  peer.socket.destroy()
  return {
    got: [received.replace(/^(date|expires): .*\r$/gim, '$1: then\r')],
    log: logOf(journal, subject, 'lb', `v${index}`),
  }
}
