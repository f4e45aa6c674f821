/** HTTP that passes by: every byte goes on as it came, and each head ends its piece, however the bytes are cut. */
import fc from 'fast-check'
import t from 'tap'
import { type Piece, RequestReader, ResponseReader } from '../../../src/live/waf/reading.js'

const token = fc.stringMatching(/^[a-zA-Z][a-zA-Z-]{0,8}$/)
const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/)
const body = fc.oneof(
  fc.constant(undefined),
  fc.string({ maxLength: 40 }).map((text) => ({ framing: 'length' as const, text })),
  fc.string({ minLength: 1, maxLength: 40 }).map((text) => ({ framing: 'chunked' as const, text })),
)
const own = ['content-length', 'transfer-encoding', 'connection', 'upgrade']
const request = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'),
    path: fc.stringMatching(/^\/[a-z/?=&]{0,12}$/),
    headers: fc.array(fc.tuple(token, value), { maxLength: 5 }),
    body,
  })
  .filter(({ headers }) => headers.every(([name]) => !own.includes(name.toLowerCase())))
type Request = typeof request extends fc.Arbitrary<infer T> ? T : never

function bytesOf({ method, path, headers, body }: Request): [head: string, body: string] {
  const size = Buffer.byteLength(body?.text ?? '')
  const framing =
    body?.framing === 'length' ? [['Content-Length', String(size)]] : body ? [['Transfer-Encoding', 'chunked']] : []
  const lines = [...headers, ...framing].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const sent = body?.framing === 'chunked' ? `${size.toString(16)}\r\n${body.text}\r\n0\r\n\r\n` : (body?.text ?? '')
  return [`${method} ${path} HTTP/1.1\r\n${lines}\r\n`, sent]
}

/** Cuts the bytes at these shares of them, and tells all pieces. */
function readIn(bytes: Buffer, cuts: readonly number[]): Piece[] {
  const reader = new RequestReader()
  const places = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).flatMap((end, index) => reader.read(bytes.subarray(places[index], end)))
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 })

t.test('whatever the cuts, the bytes are the same, and so are the heads', async () => {
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 4 }), cuts, (requests, cuts) => {
      const written = requests.map(bytesOf)
      const bytes = Buffer.from(written.flat().join(''))
      const pieces = readIn(bytes, cuts)
      const heads = pieces.filter(({ head }) => head)
      const same = Buffer.concat(pieces.map(({ bytes }) => bytes)).equals(bytes)
      return (
        same &&
        heads.length === requests.length &&
        heads.every(
          ({ bytes, head }, index) =>
            bytes.toString() === written[index]![0] &&
            head!.method === requests[index]!.method &&
            head!.path === requests[index]!.path &&
            requests[index]!.headers.every(([name, value], at) => {
              const [read, text] = head!.headers[at]!
              return read === name && text === value
            }),
        )
      )
    }),
  )
})

t.test('what is no HTTP passes unread, every byte of it', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), cuts, (noise, cuts) => {
      const bytes = Buffer.concat([Buffer.from([0x16, 0x03]), noise, Buffer.from('\r\n')])
      return Buffer.concat(readIn(bytes, cuts).map(({ bytes }) => bytes)).equals(bytes)
    }),
  )
})

t.test('responses that are due: interim ones answer nothing, one to HEAD has no body', async (t) => {
  let upgrades = 0
  const reader = new ResponseReader(() => upgrades++)
  reader.expect('HEAD')
  reader.expect('GET')
  reader.read(Buffer.from('HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'))
  t.notOk(reader.isQuiet)
  reader.read(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc'))
  t.notOk(reader.isQuiet)
  reader.read(Buffer.from('de'))
  t.ok(reader.isQuiet)
  t.equal(upgrades, 0)
  reader.expect('GET')
  reader.read(Buffer.from('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n\0\0'))
  t.equal(upgrades, 1)
  t.ok(reader.isQuiet)
})
