/**
 * The few requests that go upstream on a connection of their own, because undici can't send them: those that wait for
 * 100 Continue, that end with trailers, or that ask for another protocol. The proxy's handler asks for each request.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Dialect } from '../../dialects/dialect.js'
import { soon } from '../clock.js'
import type { Once } from '../exchange.js'
import { trailerFields } from './headers.js'
import { OFFERED } from './upgrade.js'

/** Node's parser tells; its types don't. */
type Parsed = IncomingMessage & { upgrade?: boolean }

/** @param body the framing announces one: without, there is nothing to wait with and nothing to end */
export function needsOwnConnection({ headers, httpVersionMinor, upgrade }: Parsed, body: boolean): boolean {
  if (!body) return upgrade === true
  const { expect, trailer, 'transfer-encoding': chunked } = headers
  // HTTP/1.0 knows neither 100 nor chunks, and only behind those can trailers follow.
  return (expect !== undefined || (trailer !== undefined && chunked !== undefined)) && httpVersionMinor === 1
}

/** Where the proxy takes bodies on its own account, it says itself that one may come. */
export function goOn({ headers, httpVersionMinor }: IncomingMessage, response: ServerResponse): void {
  if (headers.expect?.toLowerCase() === '100-continue' && httpVersionMinor === 1) response.writeContinue()
}

/** The body is the proxy's, not only what passes through it: its trailers are lost, and its framing may be another one. */
export const takenBy = ({ takesBodies, readsAhead }: Dialect, { headers }: IncomingMessage): boolean =>
  takesBodies !== undefined || (readsAhead !== undefined && headers.expect === undefined)

/** A body in chunks that has come as far as the proxy waits for it goes on with its length told. */
export function whenTaken(dialect: Dialect, request: IncomingMessage, headers: string[], go: () => void): void {
  const { takesBodies = 0, readsAhead } = dialect
  if (readsAhead !== undefined) return whenReadAhead(request, headers, readsAhead, go)
  if (request.headers['transfer-encoding'] === undefined) return go()
  soon(() => {
    if (request.socket.destroyed) return
    if (request.complete && request.readableLength <= takesBodies)
      headers.push('Content-Length', String(request.readableLength))
    go()
  })
}

function whenReadAhead(request: IncomingMessage, headers: string[], bytes: number, go: () => void): void {
  const look = (): void => {
    const enough = request.readableLength >= bytes
    if (!enough && !request.complete) return
    request.off('readable', look)
    const chunked = request.headers['transfer-encoding'] !== undefined
    if (chunked && !enough) headers.push('Content-Length', String(request.readableLength))
    go()
  }
  request.on('readable', look)
  look()
}

/** Adds the fields of the hop that such a request needs. */
export function goAlone(request: Parsed, fields: string[]): Once {
  const { headers, upgrade } = request
  if (upgrade) {
    fields.push('Connection', 'Upgrade', 'Upgrade', OFFERED)
    return { upgrade: OFFERED }
  }
  fields.push('Connection', 'close')
  const chunked = headers['transfer-encoding'] !== undefined
  if (chunked) fields.push('Transfer-Encoding', 'chunked')
  if (headers.expect !== undefined) fields.push('Expect', '100-continue')
  if (!chunked || headers.trailer === undefined) return {}
  fields.push('Trailer', headers.trailer)
  return { trailers: () => trailerFields(request.rawTrailers) }
}
