/** Whether a request whose head Node's parser has accepted is one that can be passed on. The proxy asks before all else. */
import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'

/** Thrown for a request whose head can be read, but not passed on. */
export class RequestRefused extends Error {
  /** @param fields the values at fault, as they came */
  constructor(
    message: string,
    readonly fields: readonly string[] = [],
  ) {
    super(message)
  }
}

/**
 * @param target in origin form, where that is not how it came
 * @param anyHost pass on whatever stands in Host
 * @throws RequestRefused when the request is not one that can be passed on
 */
export function checkRequest(request: IncomingMessage, target = request.url!, anyHost = false): void {
  if (request.httpVersionMajor !== 1) throw new RequestRefused(`HTTP/${request.httpVersion} is not spoken here`)
  if (target.charCodeAt(0) !== SLASH) throw new RequestRefused('request target is not a path')
  const { host, 'transfer-encoding': coding } = request.headers
  if (host === undefined && request.httpVersionMinor === 1) throw new RequestRefused('Host is missing')
  if (host !== undefined && !anyHost && !isHost(host)) throw new RequestRefused('Host is invalid', [host])
  // The body would lose the coding's name on its way (RFC 9112 section 6.1).
  if (coding !== undefined && !CHUNKED.test(coding)) {
    throw new RequestRefused('transfer coding other than chunked', [coding])
  }
}

/** RFC 9112 section 3.2: a host as in RFC 3986 section 3.2.2, which may be empty, and a port of any digits. */
function isHost(value: string): boolean {
  const match = HOST.exec(value)
  return match !== null && (match[1] === undefined || isIPv6(match[1]))
}

const HOST = /^(?:\[([\da-f:.]+)\]|(?:[-\w.~!$&'()*+,;=]|%[\da-f]{2})*)(?::\d*)?$/i
const SLASH = 47
const CHUNKED = /^chunked$/i
