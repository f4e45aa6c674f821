/**
 * TLS profiles on the wire: what a firewall and an origin read of a client or a proxy with one is what was computed,
 * no two are alike, and every one of them can shake hands with an origin.
 */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { tlsProfileNames } from '../../src/core/tls_profiles.js'
import type { HelloEvent, JournalEvent } from '../../src/journal/events.js'
import { type Hello, readHello } from '../../src/live/hello.js'
import { fingerprints } from '../../src/live/profiles.js'
import { runScenario } from '../../src/run.js'
import { checkScenario } from '../../src/scenario/parse.js'

/** Runs it, and tells its events. */
async function journalOf(t: Test, input: object): Promise<JournalEvent[]> {
  const events: JournalEvent[] = []
  const openJournal = () => ({
    path: 'none',
    write: (event: JournalEvent) => void events.push(event),
    async close() {},
  })
  const scenario = checkScenario(input, { runnable: true })
  const result = await runScenario({ file: 'x.yaml', scenario }, { openJournal })
  t.equal(result.verdict, 'pass', JSON.stringify([result.reason, result.checks]))
  return events
}

t.test('no two profiles have the same fingerprint', async (t) => {
  const known = await fingerprints()
  t.same(
    known.map(({ profile }) => profile),
    tlsProfileNames,
  )
  t.ok(known.length >= 6)
  t.equal(new Set(known.map(({ ja4 }) => ja4)).size, known.length)
  t.equal(new Set(known.map(({ ja3 }) => ja3)).size, known.length)
})

t.test(
  'each profile is on the wire what was computed: of clients and of proxies, at firewall and origin',
  async (t) => {
    const known = await fingerprints()
    for (const { profile, ja3, ja4 } of known) {
      const events = await journalOf(t, {
        id: 'profile',
        title: 'A profile',
        hops: {
          app: { kind: 'origin', tls: true },
          fw: { kind: 'waf', to: 'app' },
          lb: { kind: 'proxy', to: ['fw'], upstream_tls: { profile } },
        },
        clients: {
          direct: { to: 'fw', load: { requests: 2 }, tls: { profile } },
          behind: { to: 'lb', load: { requests: 2 } },
        },
        expect: [
          { client: 'direct', status: 200, count: '= 2' },
          { client: 'behind', status: 200, count: '= 2' },
        ],
      })
      const hellos = events.filter((event): event is HelloEvent => event.event === 'hello')
      for (const hop of ['fw', 'app']) t.ok(hellos.filter((hello) => hello.hop === hop).length >= 2, hop)
      for (const hello of hellos) t.match(hello, { ja3, ja4 }, `${profile} at ${hello.hop}`)
    }
  },
)

t.test('a side without a profile looks like the profile node', async (t) => {
  const events = await journalOf(t, {
    id: 'none',
    title: 'No profile',
    hops: { app: { kind: 'origin', tls: true } },
    clients: { plain: { to: 'app', load: { requests: 1 } } },
    expect: [{ client: 'plain', status: 200, count: '= 1' }],
  })
  const node = (await fingerprints()).find(({ profile }) => profile === 'node')!
  t.match(
    events.find(({ event }) => event === 'hello'),
    { ja3: node.ja3, ja4: node.ja4 },
  )
})

/** What a program sends that opens TLS to a port and says `app.test`. */
async function helloOf(program: string, ...parameters: string[]): Promise<Hello | undefined> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const read = once(server, 'connection').then(async ([socket]) => {
    const hello = await readHello(socket)
    socket.destroy()
    return hello
  })
  const port = String((server.address() as AddressInfo).port)
  try {
    await promisify(execFile)(program, [...parameters, port]).catch(() => {})
    return await read
  } finally {
    server.close()
  }
}

const PYTHON = `import socket, ssl, sys
ssl.create_default_context().wrap_socket(socket.create_connection(('127.0.0.1', int(sys.argv[1]))), server_hostname='app.test')`

t.test('python_like is what that Python sends, to the last byte of JA3 and JA4', async (t) => {
  const { stdout } = await promisify(execFile)('python3', ['-c', 'import ssl; print(ssl.OPENSSL_VERSION)']).catch(
    () => ({ stdout: 'none' }),
  )
  const both = [stdout, `OpenSSL ${process.versions.openssl}`]
  if (both.some((version) => !version.startsWith('OpenSSL 3.0.'))) return void t.pass(`not here: ${both.join(' and ')}`)
  const { ja3, ja4 } = (await helloOf('python3', '-c', PYTHON)) ?? {}
  t.match(
    (await fingerprints()).find(({ profile }) => profile === 'python_like'),
    { ja3, ja4 },
  )
})
