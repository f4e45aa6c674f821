/**
 * What a failure is to Apache 2.4.71: where its course of proxying a request ends with it, and so which answer and which
 * lines are due (mod_proxy.c, mod_proxy_http.c, http_filters.c). Its pages and its error log both go by it.
 */
import type { Failure } from '../../core/failure.js'

export type Course =
  /** No server: all are excluded, or none has a connection free. */
  | { at: 'select' }
  | { at: 'dns' }
  | { at: 'connect' }
  | { at: 'handshake' }
  /** The request, or the rest of it, could not be written. */
  | { at: 'sending' }
  /** The status line does not come, or can't be read. */
  | { at: 'status line'; unreadable?: true }
  /** It came, and it is another protocol's, or switches to one that nobody asked for. */
  | { at: 'refused status'; reason: string }
  /** A header line does not come, or can't be read. */
  | { at: 'headers'; why: 'unreadable' | 'too long' | 'no colon' | 'lost' }
  /** The head was read, and may not be passed on: Apache's own check of what it sends. */
  | { at: 'own check'; name: string; value?: string | undefined }
  /** Of the body, before anything of the response was passed on; or behind that. */
  | { at: 'body'; begun: boolean; invalid?: 'chunk' | 'length' }
  /** Apache itself. */
  | { at: 'inside' }

/** What the reader says of a response that goes no further. */
export const IN_STATUS_LINE = 'status line'
export const IN_HEADERS = 'headers'
export const IN_TRAILERS = 'trailers'
export const behind = (status: number): string => `behind ${status}`

/** The status with which a response began that then was at fault. */
export const statusBehind = ({ said = '' }: Failure): number | undefined =>
  Number(/^behind (\d+)$/.exec(said)?.[1]) || undefined

export function courseOf(failure: Failure): Course {
  const { stage, manner, type } = failure
  if (type === 'proxy_internal_error') return { at: 'inside' }
  switch (stage) {
    case 'select':
    case 'dns':
    case 'connect':
      // One that is reset as soon as it is there: Apache has sent something by the time that it hears of it.
      if (stage === 'connect' && type === 'connection_terminated') return { at: 'status line' }
      return { at: stage }
    case 'tls':
      return { at: 'handshake' }
    case 'request':
      return manner === 'timeout' ? { at: 'sending' } : { at: 'status line' }
    case 'response_head':
      return ofHead(failure)
    default:
      return { at: 'body', begun: true, ...(manner === 'http' && { invalid: 'chunk' }) }
  }
}

function ofHead({ type, manner, fields: [line] = [], said }: Failure): Course {
  if (type === 'http_response_transfer_coding') return { at: 'body', begun: false, invalid: 'chunk' }
  if (type === 'http_response_header_section_size') return { at: 'headers', why: 'too long' }
  if (type === 'http_response_incomplete')
    return said === IN_STATUS_LINE ? { at: 'status line' } : { at: 'headers', why: 'lost' }
  if (manner !== 'http') return said === IN_HEADERS ? { at: 'headers', why: 'lost' } : { at: 'status line' }
  return line === undefined ? { at: 'status line', unreadable: true } : ofLine(line)
}

/** Where a line is at fault, it is the line that tells how. */
function ofLine(line: string): Course {
  if (line.includes('\0')) return { at: 'headers', why: 'unreadable' }
  if (/^HTTP\/\d\.\d \d{3}/.test(line)) {
    return { at: 'refused status', reason: `Corrupt status line returned by remote server: ${line}` }
  }
  const colon = line.indexOf(':')
  if (colon < 0) return { at: 'headers', why: 'no colon' }
  const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()]
  if (!isToken(name)) return { at: 'own check', name }
  if (!isFieldContent(value)) return { at: 'own check', name, value }
  if (name.toLowerCase() === 'content-length') return { at: 'body', begun: false, invalid: 'length' }
  return { at: 'refused status', reason: `Unexpected Upgrade: ${value || 'n/a'} (expecting n/a)` }
}

export const isToken = (name: string): boolean => /^[\w!#$%&'*+\-.^`|~]+$/.test(name)

/** Anything but control characters; a tab is none. */
export const isFieldContent = (value: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(value)

/**
 * On a connection that has served a request before, Apache says nothing when no status line comes: it closes, so that
 * the client may try again. Only a timer is told (mod_proxy_http.c: "shutdown the connection WITHOUT ANY response").
 */
export const isSilent = (failure: Failure, earlier: number): boolean =>
  earlier > 0 && failure.manner !== 'timeout' && courseOf(failure).at === 'status line'
