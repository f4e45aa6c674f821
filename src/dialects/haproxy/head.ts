/**
 * A response's head as HAProxy 2.6.12 reads it (h1_headers_to_hdr_list in h1.c, h1_postparse_res_hdrs in h1_htx.c): any
 * upper-case word with a version, a status of any number of digits, values of any bytes but CR and LF; names must be tokens,
 * lengths must agree, and the only transfer coding is chunked. reader.ts calls it, for trailers too.
 */

export type HeadRead =
  | { is: 'incomplete' }
  /** The bytes up to the one at fault. */
  | { is: 'invalid'; message: string; seen: string }
  | { is: 'head'; head: Head; end: number }

export interface Head {
  status: number
  /** The status line, with the version as HAProxy says it. */
  line: string
  /** Names are in lower case; what `connection` says of the connection itself is gone. */
  fields: string[]
  length: number | undefined
  chunked: boolean
  /** A transfer coding is named, if only an empty one. */
  coded: boolean
  /** The server ends the connection with it. */
  last: boolean
}

const INCOMPLETE = { is: 'incomplete' } as const

const invalid = (message: string, text: string, from: number, at: number): HeadRead => ({
  is: 'invalid',
  message,
  seen: text.slice(from, at + 1),
})

/** @param text what has come of it, Latin-1 */
export function readHead(text: string): HeadRead {
  const start = /^(?:\r?\n)*/.exec(text)![0].length
  const line = readStatusLine(text, start)
  if (line.is !== 'line') return line
  const lines = readFieldLines(text, line.end, true)
  if (lines.is !== 'fields') return lines
  return complete(text, line, lines)
}

interface StatusLine {
  is: 'line'
  version: string
  code: string
  reason: string
  end: number
}

const STATUS_LINE = /([A-Z0-9.][A-Z0-9./]*)[ \t]+(\d+)(?:[ \t]+([^ \t\r\n][^\r\n]*)?)?\r?\n/y
/** What may become one yet. */
const POSSIBLE = /\r?$|(?:[A-Z0-9.][A-Z0-9./]*(?:[ \t]+(?:\d+(?:[ \t]+(?:[^ \t\r\n][^\r\n]*)?)?\r?)?)?)?$/y

function readStatusLine(text: string, start: number): StatusLine | HeadRead {
  STATUS_LINE.lastIndex = start
  const parts = STATUS_LINE.exec(text)
  if (parts) {
    const [whole, version, code, reason = ''] = parts as unknown as [string, string, string, string?]
    return { is: 'line', version, code, reason, end: start + whole.length }
  }
  POSSIBLE.lastIndex = start
  return POSSIBLE.test(text) ? INCOMPLETE : invalid('Expected HTTP/', text, start, text.length)
}

export interface Field {
  name: string
  value: string
}

type FieldsRead = HeadRead | { is: 'fields'; fields: Field[]; end: number }

const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]*/y
const ANY_NAME = /[^:\n]*/y
const VALUE = /[^\r\n]*/y

/** @param strict names must be tokens; in trailers they need not be */
export function readFieldLines(text: string, start: number, strict: boolean): FieldsRead {
  const fields: Field[] = []
  for (let at = start; ; ) {
    if (at >= text.length) return INCOMPLETE
    const end = lineEnd(text, at)
    if (end === 'incomplete') return INCOMPLETE
    if (typeof end === 'number') return { is: 'fields', fields, end }
    if (text[at] === '\r') return invalid('Missing expected LF after header value', text, at, at)
    const field = readField(text, at, strict)
    if (field.is !== 'field') return field
    fields.push({ name: field.name, value: field.value })
    at = field.end
    if (fields.length > MOST_FIELDS) return invalid('Response headers overflow', text, at, at)
  }
}

/** `tune.http.maxhdr`, the status line included. */
const MOST_FIELDS = 100

/** Behind CR LF or LF at that place; undefined where there is neither. */
function lineEnd(text: string, at: number): number | 'incomplete' | undefined {
  if (text[at] === '\n') return at + 1
  if (text[at] !== '\r') return undefined
  if (at + 1 >= text.length) return 'incomplete'
  return text[at + 1] === '\n' ? at + 2 : undefined
}

function readField(
  text: string,
  start: number,
  strict: boolean,
): HeadRead | { is: 'field'; name: string; value: string; end: number } {
  const name = take(strict ? TOKEN : ANY_NAME, text, start)
  let at = start + name.length
  if (at >= text.length) return INCOMPLETE
  if (text[at] !== ':' || name === '') return invalid('Invalid header token', text, start, at)
  at++
  let value = ''
  for (;;) {
    const part = take(VALUE, text, at)
    value += part
    at += part.length
    if (at >= text.length) return INCOMPLETE
    const end = lineEnd(text, at)
    if (end === 'incomplete' || (end !== undefined && end >= text.length)) return INCOMPLETE
    if (end === undefined) return invalid('Missing expected LF after header value', text, start, at)
    // The next line belongs to it: its end counts as spaces.
    if (text[end] !== ' ' && text[end] !== '\t') {
      const trimmed = value.replace(/^[ \t]+|[ \t]+$/g, '')
      return { is: 'field', name: name.toLowerCase(), value: trimmed, end }
    }
    value += ' '.repeat(end - at)
    at = end
  }
}

function take(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at
  return pattern.exec(text)![0]
}

const VERSION = /^.{4}\/(\d)\.(\d)$/

function complete(text: string, line: StatusLine, { fields, end }: { fields: Field[]; end: number }): HeadRead {
  const version = VERSION.exec(line.version)
  if (!version) return invalid('Invalid HTTP version', text, 0, line.version.length)
  const modern = version[1]! > '1' || (version[1] === '1' && version[2]! >= '1')
  const [lengths, codings, connections] = ['content-length', 'transfer-encoding', 'connection'].map((name) =>
    fields.filter((field) => field.name === name).map(({ value }) => value),
  ) as [string[], string[], string[]]
  const length = lengthOf(lengths)
  if (length === 'invalid') return invalid('Content-Length is invalid', text, 0, end)
  const chunked = codings.some((coding) => /^chunked$/i.test(coding))
  if (codings.join('') !== '' && !(chunked && codings.length === 1)) {
    return invalid('unknown transfer coding', text, 0, end)
  }
  const coded = codings.length > 0
  const words = connections.flatMap((value) => value.split(',').map((word) => word.trim().toLowerCase()))
  const persistent = modern ? !words.includes('close') : words.includes('keep-alive')
  return {
    is: 'head',
    end,
    head: {
      status: Number(line.code),
      line: `HTTP/1.${modern ? 1 : 0} ${line.code} ${line.reason}`,
      fields: fields.flatMap((field, index) => kept(field, fields.slice(0, index), coded)),
      length: coded ? undefined : length?.bytes,
      chunked,
      coded,
      // A length beside chunks, or chunks in HTTP/1.0: nobody should use the connection again.
      last: !persistent || (coded && (length !== undefined || !modern)),
    },
  }
}

/** What becomes of one field: nothing, or its name and value. */
function kept({ name, value }: Field, before: readonly Field[], coded: boolean): string[] {
  if (name === 'content-length') {
    if (coded || before.some((field) => field.name === name)) return []
    return [name, value.split(',').at(-1)!.trim()]
  }
  return name === 'connection' ? connectionField(value) : [name, value]
}

/** What it says of the connection itself is for one hop; what else it names is passed on. */
export function connectionField(value: string): string[] {
  const words = value.split(',').map((word) => word.trim())
  const left = words.filter((word) => !/^(close|keep-alive|)$/i.test(word))
  return left.length === 0 ? [] : ['connection', left.join(',')]
}

/** All that is said of it must agree. */
function lengthOf(values: readonly string[]): { bytes: number } | 'invalid' | undefined {
  if (values.length === 0) return undefined
  const all = values.flatMap((value) => value.split(',').map((one) => one.trim()))
  if (all.some((one) => !/^\d+$/.test(one) || BigInt(one) >= 2n ** 63n)) return 'invalid'
  if (all.some((one) => BigInt(one) !== BigInt(all[0]!))) return 'invalid'
  return { bytes: Number(all[0]) }
}
