/** What is on the wire under TLS, seen from the peer's own socket: alerts, and what answers in the wrong protocol. */
import t from 'tap'
import { certificateKinds } from '../../src/core/fault/effects/certificate.js'
import type { RigInput } from '../../src/rig.js'
import { captureHello } from './hellos.js'
import { dialed, portOf, withRig } from './peers.js'

const TLS_1_0 = 0x0301

/** Sends bytes, and tells what comes back until the connection is over. */
async function answerTo(port: number, bytes: Buffer): Promise<{ how: string; hex: string; text: string }> {
  const peer = (await dialed(port)).send(bytes.toString('latin1'))
  const how = await peer.ended()
  peer.socket.destroy()
  return { how, hex: Buffer.from(peer.received, 'latin1').toString('hex'), text: peer.received }
}

const secured = (tls: object | boolean, fault?: object): RigInput =>
  ({
    hops: { app: { kind: 'origin', tls }, fw: { kind: 'waf', to: 'app' } },
    faults: fault ? [{ id: 'f', ...fault }] : [],
  }) as unknown as RigInput

t.test('alert: one fatal alert in a record of its own, then FIN', async (t) => {
  for (const on of ['app', 'fw']) {
    for (const id of [10, 40, 112]) {
      const fault = { on, at: 'client_hello', effect: { type: 'alert', id } }
      await withRig(secured(true, fault), async (lab) => {
        const seen = await answerTo(portOf(lab, on), await captureHello())
        t.match(seen, { how: 'FIN', hex: `150303000202${id.toString(16).padStart(2, '0')}` }, `${on} ${id}`)
        t.equal(lab.fault('f').fired, 1)
        t.equal(lab.facts.connections.get('app') ?? 0, on === 'app' ? 1 : 0)
      })
    }
  }
})

t.test('the record of an alert has the version that the ClientHello has', async (t) => {
  const old = await captureHello()
  old.writeUInt16BE(TLS_1_0, 9)
  await withRig(secured(true, { on: 'app', at: 'client_hello', effect: 'alert' }), async (lab) => {
    t.equal((await answerTo(portOf(lab, 'app'), old)).hex, '15030100020228')
  })
})

t.test('two sides that share no version, or no cipher: the server sends 70, or 40, and nothing else', async (t) => {
  const modern = { min_version: 'TLSv1.3' }
  const narrow = { ciphers: ['ECDHE-ECDSA-CHACHA20-POLY1305'] }
  const sides = [
    [modern, { maxVersion: 'TLSv1.2' }, '15030300020246'],
    [{ max_version: 'TLSv1.2' }, { minVersion: 'TLSv1.3' }, '15030300020246'],
    [narrow, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }, '15030300020228'],
    [narrow, { ciphers: 'TLS_AES_128_GCM_SHA256' }, '15030300020246'],
  ] as const
  for (const [server, client, hex] of sides) {
    const hello = await captureHello(client)
    const configured = secured(server)
    const faulty = secured(true, { on: 'app', at: 'handshake', effect: { type: 'tls', ...server } })
    for (const input of [configured, faulty]) {
      await withRig(input, async (lab) => {
        t.match(await answerTo(portOf(lab, 'app'), hello), { how: 'FIN', hex })
      })
    }
  }
})

t.test('a plain port answers a ClientHello with 400, a TLS port answers plain text with FIN', async (t) => {
  await withRig(secured(false), async (lab) => {
    const { how, text } = await answerTo(portOf(lab, 'app'), await captureHello())
    t.match({ how, text }, { how: 'FIN', text: /^HTTP\/1\.1 400 Bad Request\r\n/ })
    t.equal(lab.attemptsAt('app').length, 0)
  })
  await withRig(secured(true), async (lab) => {
    const request = Buffer.from(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(100_000)}`)
    t.match(await answerTo(portOf(lab, 'app'), request), { how: 'FIN', hex: '' }, 'no RST for what is not read')
  })
})

t.test('a certificate that is wrong comes over the wire whole: the server itself has no complaint', async (t) => {
  const hello = await captureHello({ maxVersion: 'TLSv1.2', servername: 'app' })
  for (const kind of certificateKinds) {
    const fault = { on: 'app', at: 'handshake', effect: { type: 'certificate', kind } }
    await withRig(secured(true, fault), async (lab) => {
      const peer = (await dialed(portOf(lab, 'app'))).send(hello.toString('latin1'))
      // ServerHelloDone, the last message of the server's first flight.
      const flight = Buffer.from(await peer.until('\x0e\x00\x00\x00'), 'latin1')
      t.equal(certificatesIn(flight), kind === 'missing_intermediate' ? 1 : 2, kind)
      peer.socket.destroy()
    })
  }
})

/** How many certificates the Certificate message of a flight in plain text holds (RFC 5246 section 7.4.2). */
function certificatesIn(flight: Buffer): number {
  const [CERTIFICATE, HANDSHAKE] = [11, 22]
  const messages: Buffer[] = []
  for (let at = 0; at + 5 <= flight.length; at += 5 + flight.readUInt16BE(at + 3)) {
    if (flight[at] === HANDSHAKE) messages.push(flight.subarray(at + 5, at + 5 + flight.readUInt16BE(at + 3)))
  }
  const handshake = Buffer.concat(messages)
  for (let at = 0; at + 4 <= handshake.length; at += 4 + handshake.readUIntBE(at + 1, 3)) {
    if (handshake[at] !== CERTIFICATE) continue
    let count = 0
    const end = at + 7 + handshake.readUIntBE(at + 4, 3)
    for (let one = at + 7; one < end; one += 3 + handshake.readUIntBE(one, 3)) count++
    return count
  }
  return 0
}
