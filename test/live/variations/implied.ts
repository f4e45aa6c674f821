/**
 * What injected bytes imply, worked out from the grammar of RFC 9112 alone: no parser, classifier or table of the
 * project is used here. The variations test holds the proxy's failures against it.
 */

export type Ending = 'fin' | 'rst' | 'silence'

/** Type and stage of the failure, or `ok` for a response that can be passed on whole. */
export type Implied = 'ok' | `${string} ${'response_head' | 'response_body'}`

/** A GET is answered with these bytes, then the connection ends so. */
export function implied(bytes: string, ending: Ending): Implied {
  if (bytes === '') return missing('connection_terminated', 'response_head', ending)
  const end = bytes.indexOf('\r\n\r\n')
  const head = bytes.slice(0, end < 0 ? undefined : end)
  const lines = head.split('\r\n')
  // The last line may lack its end: what it lacks can't be wrong.
  const whole = end < 0 ? lines.slice(0, -1) : lines
  if (whole.some((line, index) => !(index === 0 ? STATUS_LINE : FIELD).test(line))) return BROKEN
  if (end < 0) return missing('http_response_incomplete', 'response_head', ending)
  return afterHead(lines, bytes.slice(end + 4), ending)
}

const BROKEN = 'http_protocol_error response_head'
/** Sections 4 and 5: no control characters, no bare CR or LF. */
const STATUS_LINE = /^HTTP\/1\.[01] [2-9]\d\d( [\t\x20-\x7e\x80-\xff]*)?$/
const FIELD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/

const missing = (type: string, stage: 'response_head' | 'response_body', ending: Ending): Implied =>
  `${ending === 'silence' ? 'connection_read_timeout' : type} ${stage}`

function afterHead([statusLine, ...fields]: string[], body: string, ending: Ending): Implied {
  const valuesOf = (name: string) =>
    fields
      .map((field) => [field.slice(0, field.indexOf(':')).toLowerCase(), field.slice(field.indexOf(':') + 1).trim()])
      .filter(([key]) => key === name)
      .map(([, value]) => value!)
  const codings = valuesOf('transfer-encoding')
  const lengths = valuesOf('content-length')
  // Section 6.3: both, several, or no number, is an error that may be an attack.
  if (codings.length > 0 && lengths.length > 0) return BROKEN
  if (lengths.length > 1 || lengths.some((length) => !/^\d+$/.test(length))) return BROKEN
  const status = Number(statusLine!.slice(9, 12))
  if (status === 204 || status === 304) return 'ok'
  if (codings.length > 0) return chunked(body, ending)
  if (lengths.length === 0) return ending === 'fin' ? 'ok' : missing(CUT, 'response_body', ending)
  return body.length >= Number(lengths[0]) ? 'ok' : missing(CUT, 'response_body', ending)
}

const CUT = 'http_response_incomplete'

/** Section 7.1, without extensions, which the variations do not hold. */
function chunked(body: string, ending: Ending): Implied {
  let rest = body
  for (;;) {
    const line = rest.indexOf('\r\n')
    if (!/^[0-9A-Fa-f]*$/.test(line < 0 ? rest.replace(/\r$/, '') : rest.slice(0, line)) || line === 0) return BAD_CHUNK
    if (line < 0) return missing(CUT, 'response_body', ending)
    const size = Number.parseInt(rest.slice(0, line), 16)
    rest = rest.slice(line + 2)
    if (size === 0) return trailers(rest, ending)
    if (rest.length < size) return missing(CUT, 'response_body', ending)
    if (!'\r\n'.startsWith(rest.slice(size, size + 2))) return BAD_CHUNK
    if (rest.length < size + 2) return missing(CUT, 'response_body', ending)
    rest = rest.slice(size + 2)
  }
}

const BAD_CHUNK = 'http_response_transfer_coding response_body'

/** Section 7.1.2: fields as in a head, up to an empty line. What was a chunk before its size was damaged is none. */
function trailers(section: string, ending: Ending): Implied {
  const lines = section.split('\r\n')
  const end = lines.indexOf('')
  const whole = end < 0 || end === lines.length - 1 ? lines.slice(0, -1) : lines.slice(0, end)
  if (whole.some((line) => !FIELD.test(line))) return 'http_protocol_error response_body'
  return whole.length < lines.length - 1 ? 'ok' : missing(CUT, 'response_body', ending)
}
