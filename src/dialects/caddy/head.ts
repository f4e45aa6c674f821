/**
 * A response's head as Go 1.19 reads it (net/http ReadResponse, net/textproto ReadMIMEHeader, transfer.go): line by line,
 * a last line without its end too, and with words of its own for what it can't read. reader.ts calls it.
 */
import type { Framing } from '../reader.js'
import { quoted } from './quoted.js'

export type HeadRead =
  | { is: 'incomplete' }
  /** In Go's words. */
  | { is: 'invalid'; words: string }
  | { is: 'head'; status: number; fields: string[]; framing: Framing; last: boolean; end: number }

/** `ended`: nothing more will come. */
export interface Arrived {
  text: string
  ended: boolean
}

/** @param text what has come of the response, Latin-1 */
export function readHead(text: string, ended: boolean, method: string): HeadRead {
  const arrived = { text, ended }
  const first = lineAt(arrived, 0)
  if (first.is !== 'line') return first
  const status = readStatusLine(first.text)
  if (typeof status === 'string') return { is: 'invalid', words: status }
  const read = readFields(arrived, first.end)
  if (read.is !== 'fields') return read
  const transfer = transferOf(read.fields, { ...status, method })
  if (typeof transfer === 'string') return { is: 'invalid', words: transfer }
  return { is: 'head', status: status.code, ...transfer, end: read.end }
}

interface Status {
  code: number
  major: number
  minor: number
}

/** What it says, or what is wrong with it. */
function readStatusLine(line: string): Status | string {
  const space = line.indexOf(' ')
  if (space < 0) return `malformed HTTP response ${quoted(line)}`
  const version = line.slice(0, space)
  const code = line.slice(space).replace(/^ +/, '').split(' ', 1)[0]!
  if (!/^(\d{3}|\+\d\d)$/.test(code)) return `malformed HTTP status code ${quoted(code)}`
  const [, major, minor] = /^HTTP\/(\d)\.(\d)$/.exec(version) ?? []
  if (major === undefined) return `malformed HTTP version ${quoted(version)}`
  return { code: Number(code), major: Number(major), minor: Number(minor) }
}

type FieldsRead =
  | { is: 'incomplete' }
  | { is: 'invalid'; words: string }
  | { is: 'fields'; fields: string[]; end: number }

const CUT = { is: 'invalid', words: 'unexpected EOF' } as const
const INCOMPLETE = { is: 'incomplete' } as const

/** Trailers are read by the same rules. */
export function readFields(arrived: Arrived, start: number): FieldsRead {
  const { text } = arrived
  const fields: string[] = []
  let at = start
  if (isBlank(text[at])) {
    const line = lineAt(arrived, at)
    return line.is === 'line' ? { is: 'invalid', words: `malformed MIME header initial line: ${line.text}` } : line
  }
  for (;;) {
    const line = lineAt(arrived, at)
    if (line.is !== 'line') return line
    at = line.end
    if (line.text === '') return { is: 'fields', fields, end: at }
    const colon = line.text.indexOf(':')
    if (colon < 0) return { is: 'invalid', words: `malformed MIME header: missing colon: ${quoted(line.text)}` }
    const parts = [trimmed(line.text)]
    // A line that begins with a blank goes on with the one before.
    while (isBlank(text[at])) {
      const more = lineAt(arrived, at)
      if (more.is !== 'line') return more
      parts.push(trimmed(more.text))
      at = more.end
    }
    if (at >= text.length && !arrived.ended) return INCOMPLETE
    const whole = parts.join(' ')
    const name = whole.slice(0, whole.indexOf(':'))
    if (name !== '') fields.push(canonical(name), trimmed(whole.slice(name.length + 1)))
  }
}

type LineRead = { is: 'line'; text: string; end: number } | { is: 'incomplete' } | typeof CUT

function lineAt({ text, ended }: Arrived, from: number): LineRead {
  const lf = text.indexOf('\n', from)
  if (lf >= 0)
    return { is: 'line', text: text.slice(from, text[lf - 1] === '\r' && lf > from ? lf - 1 : lf), end: lf + 1 }
  if (!ended) return INCOMPLETE
  return from < text.length ? { is: 'line', text: text.slice(from), end: text.length } : CUT
}

interface Transfer {
  fields: string[]
  framing: Framing
  last: boolean
}

/** How the body is framed, and the fields without what says so; or what is wrong with them. */
function transferOf(all: string[], { code, major, minor, method }: Status & { method: string }): Transfer | string {
  const codings = valuesOf(all, 'Transfer-Encoding')
  const modern = major > 1 || (major === 1 && minor >= 1)
  const chunked = codings.length > 0 && modern
  if (chunked) {
    if (codings.length > 1) return `too many transfer encodings: [${codings.map(quoted).join(' ')}]`
    if (codings[0]!.toLowerCase() !== 'chunked') return `unsupported transfer encoding: ${quoted(codings[0]!)}`
  }
  let fields = without(all, chunked ? ['Transfer-Encoding', 'Content-Length'] : ['Transfer-Encoding'])
  const lengths = valuesOf(fields, 'Content-Length')
  if (lengths.some((length) => length !== lengths[0])) {
    return `http: message cannot contain multiple Content-Length headers; got [${lengths.map(quoted).join(' ')}]`
  }
  const [length = ''] = lengths
  if (lengths.length !== 1 || length === '') fields = without(fields, ['Content-Length'])
  if (length !== '' && lengths.length > 1) fields.push('Content-Length', length)
  const bodiless = method === 'HEAD' || code < 200 || code === 204 || code === 304
  if (length !== '' && !isLength(length) && (!bodiless || method === 'HEAD'))
    return `bad Content-Length ${quoted(length)}`
  const connection = valuesOf(fields, 'Connection').flatMap((value) => value.toLowerCase().split(/[,\s]+/))
  const last = modern ? connection.includes('close') : !connection.includes('keep-alive')
  const framing: Framing = bodiless
    ? { by: 'length', bytes: 0 }
    : chunked
      ? { by: 'chunks' }
      : length === ''
        ? { by: 'close' }
        : { by: 'length', bytes: Number(length) }
  return { fields: withCacheControl(fields), framing, last: last || framing.by === 'close' }
}

const isLength = (text: string): boolean => /^\d+$/.test(text) && BigInt(text) < 2n ** 63n

/** What HTTP/1.0 said for it (RFC 9111 section 5.4). */
function withCacheControl(fields: string[]): string[] {
  const [pragma] = valuesOf(fields, 'Pragma')
  return pragma === 'no-cache' && valuesOf(fields, 'Cache-Control').length === 0
    ? [...fields, 'Cache-Control', 'no-cache']
    : fields
}

/** @param name as Go writes it */
export const valuesOf = (fields: readonly string[], name: string): string[] =>
  fields.filter((_, index) => index % 2 === 1 && fields[index - 1] === name)

export const without = (fields: readonly string[], names: readonly string[]): string[] =>
  fields.filter((_, index) => !names.includes(fields[index - (index % 2)]!))

/** As Go writes a name, where it is a token; any other one stays as it came. */
export function canonical(name: string): string {
  if (!TOKEN.test(name)) return name
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase())
}

export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

const isBlank = (char: string | undefined): boolean => char === ' ' || char === '\t'

const trimmed = (text: string): string => text.replace(/^[ \t]+|[ \t]+$/g, '')
