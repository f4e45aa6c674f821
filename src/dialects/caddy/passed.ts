/**
 * The head of an upstream's response as Caddy 2.6.2 passes it on: fields in the order of their names, in Go's spelling,
 * those of one hop left out, and behind them what Go's server says itself (net/http server.go). index.ts calls it.
 */
import type { Asked, Ended, PassedHead, UpstreamHead } from '../dialect.js'
import { canonical, TOKEN, valuesOf, without } from './head.js'
import { BLANK } from './reader.js'
import { reasonOf } from './reasons.js'

export const SERVER = ['Server', 'Caddy']

/** About one hop (reverseproxy.go, hopHeaders). */
const HOP = [
  'Alt-Svc',
  'Connection',
  'Keep-Alive',
  'Proxy-Authenticate',
  'Proxy-Authorization',
  'Proxy-Connection',
  'Te',
  'Trailer',
  'Transfer-Encoding',
  'Upgrade',
]

export function passedHead({ status, line, fields }: UpstreamHead, to: Asked): PassedHead {
  const last = !to.keepAlive
  if (status === 101) return { text: switched(fields), chunked: false, last: false }
  if (line.endsWith(BLANK))
    return { text: text(status, SERVER, [...dateOf([], to), 'Content-Length', '0'], last), chunked: false, last }
  const bodiless = status === 204 || status === 304
  const named = valuesOf(fields, 'Connection').flatMap((value) =>
    value.split(',').map((name) => canonical(name.trim())),
  )
  const kept = [...SERVER, ...without(fields, [...HOP, ...named, ...(bodiless ? ['Content-Length'] : [])])]
  const toldLength = valuesOf(kept, 'Content-Length').length > 0
  const chunked = !toldLength && !bodiless && to.method !== 'HEAD' && to.chunks
  const sniffs =
    !bodiless &&
    to.method !== 'HEAD' &&
    ['Content-Type', 'Content-Encoding'].every((name) => valuesOf(kept, name).length === 0)
  const own = dateOf(kept, to)
  const head = (first: Uint8Array | undefined, ended: Ended | undefined): Omit<PassedHead, 'last' | 'late'> => {
    const empty = chunked && ended === 'failed' && first === undefined
    // Where the last chunk is there as well, the head has mostly gone out before Go has looked at the body.
    const looks = sniffs && !(ended === 'well' && line.endsWith('chunks'))
    const type = first !== undefined && looks ? ['Content-Type', contentType(first)] : []
    const length = empty ? ['Content-Length', '0'] : []
    const coding = chunked && !empty ? ['Transfer-Encoding', 'chunked'] : []
    return {
      text: text(status, kept, [...own, ...length, ...type, ...(last ? CLOSE : []), ...coding], false),
      chunked: chunked && !empty,
    }
  }
  return { ...head(undefined, undefined), last, late: head }
}

const CLOSE = ['Connection', 'close']

function text(status: number, fields: readonly string[], own: readonly string[], last: boolean): string {
  const pairs = (parts: readonly string[]): [string, string][] =>
    parts.flatMap((name, index) => (index % 2 === 0 ? [[name, parts[index + 1]!] as [string, string]] : []))
  const sorted = pairs(fields)
    .filter(([name]) => TOKEN.test(name))
    .sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
  const lines = [...sorted, ...pairs(own), ...(last ? pairs(CLOSE) : [])].map(
    ([name, value]) => `${name}: ${oneLine(value)}\r\n`,
  )
  return `HTTP/1.1 ${status} ${reasonOf(status)}\r\n${lines.join('')}\r\n`
}

const oneLine = (value: string): string => value.replace(/[\r\n]/g, ' ').replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '')

const dateOf = (fields: readonly string[], { date }: Asked): string[] =>
  valuesOf(fields, 'Date').length > 0 ? [] : ['Date', date]

/** Another protocol was asked for: both fields that say so stay. */
function switched(fields: readonly string[]): string {
  const kept = without(
    fields,
    HOP.filter((name) => name !== 'Upgrade' && name !== 'Connection'),
  )
  return text(101, [...SERVER, ...kept], [], false)
}

/** What Go finds in the first bytes (sniff.go), as far as text and anything else are told apart. */
const contentType = (first: Uint8Array): string =>
  first.some((byte) => byte < 9 || byte === 11 || (byte > 13 && byte < 32 && byte !== 27))
    ? 'application/octet-stream'
    : 'text/plain; charset=utf-8'
