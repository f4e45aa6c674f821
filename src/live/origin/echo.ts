/** What arrived, as the body of a response: an origin with `echo` tells what it read, byte for byte or by its digest. */
import type { Visit } from './visit.js'

/** @param visit with the digest of what was read of its body */
export function echoBody({ request, line, ordinal, bytes, hash }: Visit): Buffer {
  const { method, url, httpVersion, rawHeaders } = request
  const headers = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name, rawHeaders[index + 1]]] : []))
  const sha256 = hash?.copy().digest('hex')
  const seen = {
    method,
    path: url,
    http_version: httpVersion,
    headers,
    body: { bytes, sha256 },
    connection: line.ordinal,
    request: ordinal,
  }
  return Buffer.from(`${JSON.stringify(seen)}\n`)
}
