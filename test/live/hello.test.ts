/** JA3 and JA4 as we read them off a socket equal the vectors that their authors published. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import t from 'tap'
import { readHello } from '../../src/live/hello.js'

const u8 = (...bytes: number[]): Buffer => Buffer.from(bytes)
const u16 = (...values: number[]): Buffer => Buffer.concat(values.map((value) => u8(value >> 8, value & 255)))
const vector8 = (body: Buffer): Buffer => Buffer.concat([u8(body.length), body])
const vector16 = (body: Buffer): Buffer => Buffer.concat([u16(body.length), body])

/** A ClientHello in one record (RFC 8446 section 4.1.2), extensions in the order given. */
function clientHello(version: number, ciphers: number[], extensions: [id: number, body: Buffer][]): Buffer {
  const list = Buffer.concat(extensions.map(([id, body]) => Buffer.concat([u16(id), vector16(body)])))
  const fields = [u16(version), Buffer.alloc(32, 7), vector8(u8()), vector16(u16(...ciphers)), vector8(u8(0))]
  const message = Buffer.concat([...fields, vector16(list)])
  const handshake = Buffer.concat([u8(1, 0), u16(message.length), message])
  return Buffer.concat([u8(22, 3, 1), vector16(handshake)])
}

const sni = (name: string): Buffer => vector16(Buffer.concat([u8(0), vector16(Buffer.from(name))]))

/** Reads it as origin and firewall do, from a socket that gets it in two pieces. */
async function read(hello: Buffer) {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as { port: number }).port, '127.0.0.1')
  const [socket] = await once(server, 'connection')
  client.write(hello.subarray(0, 11))
  setImmediate(() => client.write(hello.subarray(11)))
  const result = await readHello(socket)
  const left = socket.read() as Buffer
  client.destroy()
  socket.destroy()
  server.close()
  return { result, left }
}

// github.com/salesforce/ja3, README.
t.test('JA3 with extensions', async (t) => {
  const ciphers = [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4]
  const hello = clientHello(769, ciphers, [
    [0, sni('example.com')],
    [10, vector16(u16(23, 24, 25))],
    [11, vector8(u8(0))],
  ])
  const { result, left } = await read(hello)
  t.equal(result?.ja3, 'ada70206e40642a3e4461f35503241d5')
  t.equal(result?.sni, 'example.com')
  t.same(left, hello, 'every byte is still there for the handshake')
})

t.test('JA3 without extensions', async (t) => {
  const { result } = await read(clientHello(769, [4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99], []))
  t.equal(result?.ja3, 'de350869b8c85de67a350c8d186f11e6')
})

// github.com/FoxIO-LLC/ja4, technical_details/JA4.md.
t.test('JA4', async (t) => {
  const ciphers = [
    0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x9c, 0x9d, 0x2f, 0x35,
  ]
  const signatures = u16(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601)
  const empty = u8()
  const hello = clientHello(
    771,
    [0x0a0a, ...ciphers],
    [
      [0x1a1a, empty],
      [0x1b, vector8(u16(2))],
      [0, sni('example.com')],
      [0x33, vector16(Buffer.concat([u16(0x1d), vector16(Buffer.alloc(32, 1))]))],
      [0x10, vector16(Buffer.concat([vector8(Buffer.from('h2')), vector8(Buffer.from('http/1.1'))]))],
      [0x4469, vector16(vector8(Buffer.from('h2')))],
      [0x17, empty],
      [0x2d, vector8(u8(1))],
      [0x0d, vector16(signatures)],
      [0x05, u8(1, 0, 0, 0, 0)],
      [0x23, empty],
      [0x12, empty],
      [0x2b, vector8(u16(0x2a2a, 0x0304, 0x0303))],
      [0xff01, u8(0)],
      [0x0b, vector8(u8(0))],
      [0x0a, vector16(u16(0x3a3a, 29, 23, 24))],
      [0x15, Buffer.alloc(20)],
    ],
  )
  const { result } = await read(hello)
  t.equal(result?.ja4, 't13d1516h2_8daaf6152771_e5627efa2ab1')
})

t.test('what is no ClientHello is none, and stays readable', async (t) => {
  const request = Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  const { result, left } = await read(request)
  t.equal(result, undefined)
  t.same(left, request)
})
