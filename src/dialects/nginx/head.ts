/**
 * A response's head as nginx 1.22.1 reads it (ngx_http_parse_status_line, ngx_http_parse_header_line): laxer than the
 * RFCs where it can be, and with no complaint but one about a status line that is none. reader.ts calls it.
 */

export type HeadRead =
  | { is: 'incomplete' }
  /** No status line: what nginx takes for HTTP/0.9. */
  | { is: 'raw' }
  /** A header line up to the byte at fault. */
  | { is: 'invalid'; seen: string }
  | { is: 'head'; status: number; line: string; minor: number; fields: string[]; end: number }

/** @param text what has come of the response, Latin-1 */
export function readHead(text: string): HeadRead {
  const status = readStatusLine(text)
  if (status.is !== 'line') return status
  const fields: string[] = []
  let at = status.end
  for (;;) {
    const line = readHeaderLine(text, at)
    if (line.is === 'incomplete') return line
    if (line.is === 'invalid') return { is: 'invalid', seen: text.slice(line.from, line.to + 1) }
    if (line.is === 'end') {
      const { code, line: words, minor } = status
      return { is: 'head', status: code, line: words, minor, fields, end: line.end }
    }
    fields.push(line.name, line.value)
    at = line.end
  }
}

type StatusRead =
  | { is: 'incomplete' }
  | { is: 'raw' }
  | { is: 'line'; code: number; line: string; minor: number; end: number }

const RAW = { is: 'raw' } as const
const INCOMPLETE = { is: 'incomplete' } as const
const PREFIX = 'HTTP/'

/** The version takes three digits on each side of its dot, the status exactly three, with spaces anywhere before them. */
function readStatusLine(text: string): StatusRead {
  if (!PREFIX.startsWith(text.slice(0, PREFIX.length))) return RAW
  const rest = text.slice(PREFIX.length)
  const start = /^([1-9]\d{0,2})\.(\d{1,3}) +(\d) *(\d) *(\d)/.exec(rest)
  if (!start) return POSSIBLE_START.test(rest) ? INCOMPLETE : RAW
  const from = PREFIX.length + start[0].length
  const next = text.charCodeAt(from)
  if (from === text.length) return INCOMPLETE
  if (next !== SPACE && next !== DOT && next !== CR && next !== LF) return RAW
  let end = from
  while (end < text.length && text.charCodeAt(end) !== CR && text.charCodeAt(end) !== LF) end++
  const crlf = text.charCodeAt(end) === CR ? 1 : 0
  if (end + crlf >= text.length) return INCOMPLETE
  if (text.charCodeAt(end + crlf) !== LF) return RAW
  const code = Number(`${start[3]}${start[4]}${start[5]}`)
  const version = Number(start[1]) * 1000 + Number(start[2])
  return { is: 'line', code, line: text.slice(from - 3, end), minor: version - 1000, end: end + crlf + 1 }
}

/** What may become one yet. */
const POSSIBLE_START = /^([1-9]\d{0,2}(\.(\d{1,3}( +(\d *){0,2})?)?)?)?$/

type LineRead =
  | { is: 'incomplete' }
  | { is: 'invalid'; from: number; to: number }
  | { is: 'end'; end: number }
  | { is: 'field'; name: string; value: string; end: number }

const [SPACE, DOT, CR, LF, COLON, SLASH] = [0x20, 0x2e, 0x0d, 0x0a, 0x3a, 0x2f]

function readHeaderLine(text: string, start: number): LineRead {
  const first = text.charCodeAt(start)
  if (start >= text.length) return INCOMPLETE
  if (first === LF) return { is: 'end', end: start + 1 }
  if (first === CR) {
    if (start + 1 >= text.length) return INCOMPLETE
    return text.charCodeAt(start + 1) === LF ? { is: 'end', end: start + 2 } : { is: 'invalid', from: start, to: start }
  }
  let at = start
  for (; at < text.length; at++) {
    const byte = text.charCodeAt(at)
    if (byte === COLON && at > start) return readValue(text, start, at)
    if (at > start && (byte === CR || byte === LF)) return lineEnd(text, start, at, at, at)
    // IIS may repeat the status line.
    if (byte === SLASH && at - start === 4 && text.startsWith('HTTP', start)) return nextLine(text, at)
    if (byte <= SPACE || byte === 0x7f || byte === COLON) return { is: 'invalid', from: start, to: at }
  }
  return INCOMPLETE
}

function nextLine(text: string, from: number): LineRead {
  const end = text.indexOf('\n', from)
  return end < 0 ? INCOMPLETE : readHeaderLine(text, end + 1)
}

/** Anything but NUL; spaces around it are not part of it. */
function readValue(text: string, start: number, colon: number): LineRead {
  let from = colon + 1
  while (text.charCodeAt(from) === SPACE) from++
  let end = from
  for (let at = from; at < text.length; at++) {
    const byte = text.charCodeAt(at)
    if (byte === 0) return { is: 'invalid', from: start, to: at }
    if (byte === CR || byte === LF) return lineEnd(text, start, colon, from, end, at)
    if (byte !== SPACE) end = at + 1
  }
  return INCOMPLETE
}

/** @param at the first CR or LF: any number of CRs may stand before the LF */
function lineEnd(text: string, start: number, colon: number, from: number, end: number, at = end): LineRead {
  let lf = at
  while (text.charCodeAt(lf) === CR) lf++
  if (lf >= text.length) return INCOMPLETE
  if (text.charCodeAt(lf) !== LF) return { is: 'invalid', from: start, to: end }
  return { is: 'field', name: text.slice(start, colon), value: text.slice(from, end), end: lf + 1 }
}
