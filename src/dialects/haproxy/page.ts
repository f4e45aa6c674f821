/**
 * HAProxy's own responses, byte for byte as HAProxy 2.6.12 sends them (http_err_msgs in http.c). Those about a server are
 * messages like any other, in lower case; those about a request that could not be read are written out as they stand there.
 */
import type { Answer, Asked } from '../dialect.js'

const PAGES: Readonly<Record<number, [reason: string, text: string]>> = {
  400: ['Bad request', 'Your browser sent an invalid request.'],
  403: ['Forbidden', 'Request forbidden by administrative rules.'],
  422: ['Unprocessable Content', 'The server cannot process the contained instructions.'],
  408: ['Request Time-out', "Your browser didn't send a complete request in time."],
  429: ['Too Many Requests', 'You have sent too many requests in a given amount of time.'],
  500: ['Internal Server Error', 'An internal server error occurred.'],
  502: ['Bad Gateway', 'The server returned an invalid or incomplete response.'],
  503: ['Service Unavailable', 'No server is available to handle this request.'],
  504: ['Gateway Time-out', "The server didn't respond in time."],
}

/** These end their connection. */
const CLOSING = new Set([400, 408])

/** A status without a page of its own gets that of 500. */
function messageOf(status: number) {
  const known = status in PAGES ? status : 500
  const [reason, text] = PAGES[known]!
  const body = `<html><body><h1>${known} ${reason}</h1>\n${text}\n</body></html>\n`
  const fields = ['content-length', String(body.length), 'cache-control', 'no-cache', 'content-type', 'text/html']
  return { status: known, reason, fields, body, closing: CLOSING.has(known) }
}

export function page(wanted: number, to: Asked): Answer {
  const { status, reason, fields, body, closing } = messageOf(wanted)
  const all = [...fields, ...connectionOf(closing ? { ...to, keepAlive: false } : to)]
  return { status, reason, fields: all, exact: true, body: to.method === 'HEAD' ? '' : body }
}

/** What a client needs to be told: what its version does not say by itself. */
const connectionOf = ({ keepAlive, chunks }: Asked): string[] =>
  keepAlive ? (chunks ? [] : ['connection', 'keep-alive']) : ['connection', 'close']

/** No message of a request was there to answer. */
export function unreadable(wanted: number): Answer {
  const { status, reason, body, closing } = messageOf(wanted)
  const about = ['Content-length', String(body.length), 'Cache-Control', 'no-cache']
  const fields = [...about, ...(closing ? ['Connection', 'close'] : []), 'Content-Type', 'text/html']
  return { status, reason, fields, exact: true, body }
}

/** What the log counts of it. */
export function countedPage(wanted: number): number {
  const { status, reason, fields, body, closing } = messageOf(wanted)
  return (
    countedHead(`HTTP/1.1 ${status} ${reason}`, [...fields, ...(closing ? ['connection', 'close'] : [])]) + body.length
  )
}

/** Its struct for a start line, the parts of that, the fields without anything between, and a block for their end (htx.h). */
export const countedHead = (line: string, fields: readonly string[]): number =>
  START_LINE + line.replace(/^(\S+) (\S+) /, '$1$2').length + fields.reduce((sum, part) => sum + part.length, 0) + 1

const START_LINE = 20
