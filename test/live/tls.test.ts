/**
 * TLS between real sockets: what fails for which pair of sides, held against a computation of its own; the keys of the
 * options; and that no two handshakes look different.
 */
import { once } from 'node:events'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import fc from 'fast-check'
import t from 'tap'
import type { Failure } from '../../src/core/failure.js'
import { type CertificateKind, certificateKinds } from '../../src/core/fault/effects/certificate.js'
import {
  alertIds,
  cipherSuites,
  type DialTls,
  dialTlsSchema,
  type ServerTls,
  serverTlsSchema,
} from '../../src/core/tls.js'
import { createCertificates } from '../../src/live/certificates.js'
import { Connection } from '../../src/live/connection.js'
import { targetOf } from '../../src/live/site.js'
import { startSite } from '../../src/live/start.js'
import { dialOptions } from '../../src/live/tls.js'
import type { RigInput } from '../../src/rig.js'
import { checkScenario } from '../../src/scenario/parse.js'
import { portOf, withRig } from './peers.js'

const minute = { connect: 60_000, send: 60_000, read: 60_000, reply: 1000, client: 60_000 }

/** What became of one request on a connection of its own. */
const ask = (connection: Connection): Promise<Failure | 'answered'> =>
  new Promise((resolve) =>
    connection.run(
      { method: 'GET', path: '/', headers: ['Host', 'x'], body: null },
      { head: () => true, data: () => true, end: () => resolve('answered'), failed: resolve },
    ),
  )

const [A12, B12, R12] = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-GCM-SHA256',
]
const [A13, B13] = ['TLS_AES_128_GCM_SHA256', 'TLS_CHACHA20_POLY1305_SHA256']
const versions = ['TLSv1.2', 'TLSv1.3']
const choice = {
  min_version: fc.constantFrom(undefined, ...versions),
  max_version: fc.constantFrom(undefined, ...versions),
  ciphers: fc.constantFrom(undefined, [A12, A13], [B12, B13], [A12, B13], [R12, A13], [R12], [B13], [A12, B12, R12]),
}
type Choice = { [Key in keyof typeof choice]: (typeof choice)[Key] extends fc.Arbitrary<infer T> ? T : never }
const server = fc.record({
  ...choice,
  client_certificate: fc.constantFrom(undefined, 'required' as const),
  wrong: fc.option(fc.constantFrom(...certificateKinds), { nil: undefined }),
})
const dialler = fc.record({ ...choice, verify: fc.boolean(), client_certificate: fc.boolean() })
type Server = typeof server extends fc.Arbitrary<infer T> ? T : never
type Dialler = typeof dialler extends fc.Arbitrary<infer T> ? T : never

/** By the RFCs: what a side speaks, in its own words. */
function speaks({ min_version, max_version, ciphers }: Choice): string[] {
  const inRange = versions.filter((word) => word >= (min_version ?? 'TLSv1.2') && word <= (max_version ?? 'TLSv1.3'))
  const has = (word: string) => !ciphers || ciphers.some((suite) => (word === 'TLSv1.3') === suite.startsWith('TLS_'))
  return inRange.filter(has)
}

/** A server that names no ciphers has one certificate, with an ECDSA key. */
function shareCipher(version: string, { ciphers: theirs }: Server, { ciphers: ours }: Dialler): boolean {
  if (version === 'TLSv1.3')
    return !theirs || !ours || theirs.some((suite) => suite.startsWith('TLS_') && ours.includes(suite))
  const able = (theirs ?? [A12, B12]).filter((suite) => !suite.startsWith('TLS_'))
  return able.some((suite) => !ours || ours.includes(suite))
}

const verifyErrors: Record<CertificateKind, string> = {
  expired: 'CERT_HAS_EXPIRED',
  not_yet_valid: 'CERT_NOT_YET_VALID',
  wrong_host: 'ERR_TLS_CERT_ALTNAME_INVALID',
  untrusted: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  missing_intermediate: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
}

/** What the side that dials must perceive. */
function perceived(server: Server, dialler: Dialler): string {
  const version = speaks(dialler)
    .filter((word) => speaks(server).includes(word))
    .at(-1)
  if (version === undefined) return 'tls_alert_received at tls: 70'
  if (!shareCipher(version, server, dialler)) return 'tls_alert_received at tls: 40'
  const unknown = server.client_certificate !== undefined && !dialler.client_certificate
  // Under TLS 1.2 the server has the last word of the handshake; under 1.3 whoever dials has.
  if (unknown && version === 'TLSv1.2') return 'tls_alert_received at tls: 40'
  if (dialler.verify && server.wrong) return `tls_certificate_error at tls: ${verifyErrors[server.wrong]}`
  return unknown ? 'tls_alert_received at response_head: 116' : 'answered'
}

const said = (seen: Failure | 'answered'): string =>
  seen === 'answered' ? seen : `${seen.type} at ${seen.stage}: ${seen.alert_id ?? seen.certificate_error}`

t.test('whatever two sides speak, show and demand, the failure is the one that the standards say', async (t) => {
  const spoken = (options: Choice) => speaks(options).length > 0
  const servers = fc.sample(server.filter(spoken), 40)
  const diallers = fc.sample(dialler.filter(spoken), 12)
  const hops = servers.map(({ wrong: _, ...tls }, n) => [`app${n}`, { kind: 'origin', tls }])
  const faults = servers.flatMap(({ wrong: kind }, n) =>
    kind ? [{ id: `f${n}`, on: `app${n}`, at: 'handshake', effect: { type: 'certificate', kind } }] : [],
  )
  const scenario = { id: 'tls', title: 'tls', hops: Object.fromEntries(hops), faults }
  const site = await startSite(checkScenario(scenario, { runnable: false }), null, t.fail)
  t.teardown(() => site.scope.close())
  const met = new Set<string>()
  for (const one of diallers) {
    const options = await dialOptions(site.certificates, 'test', dialTlsSchema.parse(one))
    for (const [n, other] of servers.entries()) {
      const connection = new Connection(site, targetOf(site, 'test', { hop: `app${n}` }, options), minute, () => {})
      const seen = said(await ask(connection))
      await connection.destroy()
      met.add(seen)
      const wanted = perceived(other, one)
      if (seen !== wanted) t.equal(seen, wanted, JSON.stringify([other, one]))
    }
  }
  t.ok(met.size >= 4, `many kinds of endings were met: ${[...met].join(', ')}`)
})

t.test('an alert in the place of a ServerHello arrives with its number, whatever it is', async (t) => {
  for (const id of alertIds) {
    const seen = await perceive({}, { type: 'alert', id }, true, 'client_hello')
    t.match(seen, { ok: false, type: 'tls_alert_received', stage: 'tls', why: id }, `${id}`)
  }
})

t.test('a choice that leaves no version is refused where it is read, and no other', async () => {
  const valid = (schema: typeof dialTlsSchema | typeof serverTlsSchema, options: Choice) =>
    schema.safeParse(options).success === speaks(options).length > 0
  fc.assert(
    fc.property(fc.record(choice), (options) => valid(dialTlsSchema, options) && valid(serverTlsSchema, options)),
  )
})

/** One origin that speaks TLS. */
const origin = (tls: ServerTls | true = true, effect?: object, at = 'handshake'): RigInput =>
  ({
    hops: { app: { kind: 'origin', tls } },
    faults: effect ? [{ id: 'f', on: 'app', at, effect }] : [],
  }) as RigInput

/** A handshake, seen by a client of Node's own. */
async function shaken(port: number, options: ConnectionOptions) {
  const socket = connectTls({ port, host: '127.0.0.1', servername: 'app', ...options })
  const sessions = once(socket, 'session')
  await once(socket, 'secureConnect')
  return { socket, sessions }
}

t.test('every cipher that may be named can be had, and needs no other', async (t) => {
  for (const suite of cipherSuites) {
    await withRig(origin({ ciphers: [suite] }), async (lab) => {
      const { socket } = await shaken(portOf(lab, 'app'), { ca: lab.ca, ciphers: suite })
      t.equal(socket.getCipher().name, suite)
      socket.destroy()
    })
  }
})

t.test('no session is taken up again, so the certificate is shown every time', async (t) => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    await withRig(origin(), async (lab) => {
      const options = { ca: lab.ca, minVersion: version, maxVersion: version }
      const first = await shaken(portOf(lab, 'app'), options)
      first.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
      const [session] = await first.sessions
      first.socket.destroy()
      const { socket } = await shaken(portOf(lab, 'app'), { ...options, session })
      t.equal(socket.isSessionReused(), false, version)
      socket.destroy()
    })
  }
})

t.test(
  'a proxy and a client show the same fingerprint on every connection, and another one for other options',
  async (t) => {
    const hops = {
      app: { kind: 'origin', tls: true },
      lb: { kind: 'proxy', to: ['app'], upstream_tls: { max_version: 'TLSv1.2' } },
    }
    const load = { requests: 3 }
    const clients = {
      through: { to: 'lb', load },
      direct: { to: 'app', load, keep_alive: false, tls: { ciphers: [A13, A12] } },
    }
    const faults = [{ id: 'f', on: 'app', at: 'request_head', effect: 'close' }]
    await withRig({ hops, clients, faults } as RigInput, async (lab) => {
      await lab.load()
      const hellos = lab.journal.flatMap((event) => (event.event === 'hello' ? [event] : []))
      t.equal(hellos.length, 6)
      for (const key of ['ja3', 'ja4'] as const) t.equal(new Set(hellos.map((hello) => hello[key])).size, 2, key)
      t.same([...new Set(hellos.map(({ ja4 }) => ja4.slice(0, 4)))].sort(), ['t12d', 't13d'])
    })
  },
)

/** What the client that asks the origin itself perceives. */
async function perceive(tls: Partial<DialTls>, effect: object, options?: ServerTls | true, at?: string) {
  let seen: unknown
  const input = { ...origin(options, effect, at), clients: { direct: { to: 'app', tls } } } as RigInput
  await withRig(input, async (lab) => {
    await lab.load()
    const { ok, failure } = lab.journal.find((event) => event.event === 'request')!
    const sni = lab.journal.find((event) => event.event === 'hello')?.sni
    const { type, stage } = failure ?? {}
    seen = { ok, sni, type, stage, why: failure?.certificate_error ?? failure?.alert_id }
  })
  return seen
}

t.test('verification can be turned off, and asks for another name when told to', async (t) => {
  const wrongHost = { type: 'certificate', kind: 'wrong_host' }
  t.match(await perceive({}, wrongHost), { ok: false, sni: 'app', why: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  t.match(await perceive({ verify: false }, wrongHost), { ok: true, sni: 'app' })
  const server_name = 'another-host.invalid'
  t.match(await perceive({ server_name }, wrongHost), { ok: true, sni: server_name })
})

t.test('the effect takes the place of what the hop is configured for', async (t) => {
  const modern = { min_version: 'TLSv1.3' } as const
  t.match(await perceive({ max_version: 'TLSv1.2' }, { type: 'tls', max_version: 'TLSv1.2' }, modern), { ok: true })
  t.match(await perceive(modern, { type: 'tls', max_version: 'TLSv1.2' }, modern), { ok: false, why: 70 })
})

t.test('a client certificate of another CA is not accepted', async (t) => {
  await withRig(origin({ client_certificate: 'required' }), async (lab) => {
    const { key, cert } = await (await createCertificates()).of('x', { client: true, wrong: 'untrusted' })
    const socket = connectTls({ port: portOf(lab, 'app'), host: '127.0.0.1', servername: 'app', ca: lab.ca, key, cert })
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    socket.on('error', () => {})
    await once(socket.resume(), 'close')
    t.equal(lab.attemptsAt('app').length, 0)
  })
})
