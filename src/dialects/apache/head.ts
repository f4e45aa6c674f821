/**
 * A response's head as Apache 2.4.71 reads it (protocol.c, ap_rgetline; mod_proxy_http.c): lines end with LF, a status
 * line has three digits, anything else is HTTP/0.9, and a line that goes on begins with a space. reader.ts calls it.
 */
export type HeadRead =
  | { is: 'incomplete'; inStatusLine: boolean }
  /** No status line: HTTP/0.9. The first line has lost its end, and the spaces before that. */
  | { is: 'raw'; line: string; end: number }
  /** It can't be read: a status line with a NUL, or a line that is at fault. */
  | { is: 'invalid'; line: string | undefined }
  | { is: 'too long' }
  | { is: 'head'; status: number; minor: number; line: string; fields: string[]; repeated: number; end: number }

/** `ResponseFieldSize` where nobody sets it, with the byte that ends a line of C. */
const LINE_BYTES = 8191

const STATUS_LINE = /^HTTP\/\d\.\d \d{3}/

/** @param text what has come of the response, Latin-1 */
export function readHead(text: string): HeadRead {
  let first = lineAt(text, 0)
  // One empty line before it is overlooked.
  if (first?.text === '') first = lineAt(text, first.end)
  if (!first) return { is: 'incomplete', inStatusLine: true }
  if (first.text.includes('\0') || first.text === '') return { is: 'invalid', line: undefined }
  if (!STATUS_LINE.test(first.text)) return { is: 'raw', line: first.text, end: first.end }
  if (first.text[5] !== '1') return { is: 'invalid', line: first.text }
  const fields: string[] = []
  let repeated = 0
  for (let at = first.end; ; ) {
    const line = foldedAt(text, at)
    if (!line) return { is: 'incomplete', inStatusLine: false }
    at = line.end
    if (line.text.includes('\0')) return { is: 'invalid', line: line.text }
    if (line.text.length > LINE_BYTES) return { is: 'too long' }
    if (line.text === '') {
      const said = first.text.slice(9)
      return {
        is: 'head',
        status: Number(said.slice(0, 3)),
        minor: Number(first.text[7]),
        line: said,
        fields,
        repeated,
        end: at,
      }
    }
    const colon = line.text.indexOf(':')
    if (colon >= 0) fields.push(line.text.slice(0, colon), trimmed(line.text.slice(colon + 1)))
    // IIS may repeat the status line.
    else if (STATUS_LINE.test(line.text)) repeated++
    else return { is: 'invalid', line: line.text }
  }
}

/** Without its end, and without the spaces before that. */
function lineAt(text: string, from: number): { text: string; end: number } | undefined {
  const lf = text.indexOf('\n', from)
  if (lf < 0) return undefined
  return {
    text: text
      .slice(from, lf)
      .replace(/\r?$/, '')
      .replace(/[ \t]+$/, ''),
    end: lf + 1,
  }
}

/** Whether it goes on, the byte behind it tells. */
function foldedAt(text: string, from: number): { text: string; end: number } | undefined {
  let line = lineAt(text, from)
  while (line && line.text !== '') {
    if (line.end >= text.length) return undefined
    if (text[line.end] !== ' ' && text[line.end] !== '\t') return line
    const more = lineAt(text, line.end)
    line = more && { text: line.text + more.text, end: more.end }
  }
  return line
}

/** What C's isspace takes for one. */
const trimmed = (value: string): string => value.replace(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, '')
