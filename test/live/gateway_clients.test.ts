/** Real clients through the gateway: curl, wget, undici's ProxyAgent and Python's requests, as their users call them. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { STATUS_CODES } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import { ProxyAgent, request } from 'undici'
import type { Rig, RigInput } from '../../src/rig.js'
import { lacks as lacking } from '../cli/command.js'
import { forwardsIn, portOf, withRig } from './peers.js'

interface Ended {
  code: number
  stdout: string
  stderr: string
}

/** Without this machine's own settings of a proxy. */
const ENV = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/_proxy$|^(curl|requests|ssl)_/i.test(name)),
)

const run = (program: string, args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(program, args, { env: ENV, timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr }),
    )
  })

/** The Debian package's Python first: there may be another that knows no requests. */
async function pythonWithRequests(): Promise<string | undefined> {
  for (const program of ['/usr/bin/python3', 'python3']) {
    if ((await run(program, ['-c', 'import requests'])).code === 0) return program
  }
  return undefined
}

const missing = async (program: string) => (await run(program, ['--version'])).code !== 0

/** Two shops, plain and TLS, one that refuses and one that is silent, behind a gateway that wants credentials. */
const input = {
  hops: {
    shop: { kind: 'origin', response: { body: 'plain' } },
    safe: { kind: 'origin', tls: true, response: { body: 'secret' } },
    gone: { kind: 'origin' },
    deaf: { kind: 'origin' },
    mute: { kind: 'origin' },
    gw: {
      kind: 'gateway',
      to: ['shop', 'safe', 'gone', 'deaf', 'mute'],
      users: [{ name: 'alice', password: 'secret' }],
      exits: [{ network: '127.11.1.0/24', count: 2 }],
      timeouts: { connect: '100ms', read: '100ms' },
    },
  },
  faults: [
    { id: 'gone', on: 'gone', at: 'connect', effect: 'refuse' },
    { id: 'deaf', on: 'deaf', at: 'connect', effect: 'blackhole' },
    { id: 'mute', on: 'mute', at: 'request_head', effect: 'stall' },
  ],
} as RigInput

/** What a client makes of one URL: the body of a 200, or the status that it was answered with, by the gateway to a CONNECT too. */
type Ask = (lab: Rig, ca: string, credentials: string | undefined, url: string) => Promise<string>

const clients: Record<string, { lacks(): Promise<string | false>; ask: Ask }> = {
  curl: {
    lacks: async () => (await missing('curl')) && 'curl is not installed: apt-get install curl',
    async ask(lab, ca, credentials, url) {
      const user = credentials === undefined ? [] : ['-U', credentials]
      const proxy = ['-x', `http://127.0.0.1:${portOf(lab, 'gw')}`]
      const told = ['-w', '\n%{http_code} %{http_connect}', '--noproxy', '']
      const { stdout, code } = await run('curl', ['-sS', ...proxy, ...user, ...told, '--cacert', ca, url])
      const lines = stdout.split('\n')
      const [own, connect] = lines.pop()!.split(' ').map(Number)
      if (code !== 0) return String(connect)
      return own === 200 ? lines.join('\n') : String(own)
    },
  },
  wget: {
    lacks: async () => (await missing('wget')) && 'wget is not installed: apt-get install wget',
    async ask(lab, ca, credentials, url) {
      const at = `http://127.0.0.1:${portOf(lab, 'gw')}/`
      const [name, password] = credentials?.split(':') ?? []
      const user = credentials === undefined ? [] : [`--proxy-user=${name}`, `--proxy-password=${password}`]
      const proxy = ['-e', 'use_proxy=yes', '-e', `http_proxy=${at}`, '-e', `https_proxy=${at}`]
      const args = [
        '-nv',
        '-O',
        '-',
        '--tries=1',
        '--server-response',
        ...proxy,
        ...user,
        `--ca-certificate=${ca}`,
        url,
      ]
      const { stdout, stderr, code } = await run('wget', args)
      if (code === 0) return stdout
      // Of a tunnel that it does not get it tells the reason phrase alone.
      const reason = /tunneling failed: (.+?)Unable/.exec(stderr)?.[1]
      const [told] = Object.entries(STATUS_CODES).find(([, phrase]) => phrase === reason) ?? []
      const status = told ?? /^ *HTTP\/1\.1 (\d+)/m.exec(stderr)?.[1]
      return status ?? stderr
    },
  },
  'undici ProxyAgent': {
    lacks: async () => false,
    async ask(lab, _ca, credentials, url) {
      const token = credentials === undefined ? {} : { token: `Basic ${Buffer.from(credentials).toString('base64')}` }
      const uri = `http://127.0.0.1:${portOf(lab, 'gw')}`
      // Plain HTTP goes in absolute form where it is told to tunnel nothing.
      const dispatcher = new ProxyAgent({
        uri,
        ...token,
        requestTls: { ca: lab.ca },
        proxyTunnel: url.startsWith('https'),
      })
      try {
        const { statusCode, body } = await request(url, { dispatcher })
        const text = await body.text()
        return statusCode === 200 ? text : String(statusCode)
      } catch (error) {
        return /(?:response )?\((\d{3})\)/i.exec((error as Error).message)?.[1] ?? String(error)
      } finally {
        await dispatcher.destroy()
      }
    },
  },
  'Python requests': {
    lacks: async () =>
      (await pythonWithRequests()) === undefined && 'requests is not installed: apt-get install python3-requests',
    async ask(lab, ca, credentials, url) {
      const user = credentials === undefined ? '' : `${credentials}@`
      const proxy = `http://${user}127.0.0.1:${portOf(lab, 'gw')}`
      const script = `
import re, sys, requests
url, proxy, ca = sys.argv[1:]
try:
    response = requests.get(url, proxies={'http': proxy, 'https': proxy}, verify=ca)
    print(response.text if response.status_code == 200 else response.status_code, end='')
except requests.exceptions.ProxyError as error:
    print(re.search(r'Tunnel connection failed: (\\d+)', str(error)).group(1), end='')
`
      const { stdout, stderr } = await run((await pythonWithRequests())!, ['-c', script, url, proxy, ca])
      return stdout || stderr
    },
  },
}

for (const [name, { lacks, ask }] of Object.entries(clients)) {
  t.test(`${name}: absolute form, CONNECT, 407, 502 and 504`, async (t) => {
    const reason = await lacks()
    if (reason) return lacking(t, reason)
    await withRig(input, async (lab) => {
      const ca = join(t.testdir(), 'ca.pem')
      writeFileSync(ca, lab.ca)
      const right = (url: string) => ask(lab, ca, 'alice:secret', url)
      t.equal(await right('http://shop.test/'), 'plain')
      t.equal(await right('https://safe.test/'), 'secret')
      t.equal(await ask(lab, ca, 'alice-session-a1:secret', 'https://safe.test/'), 'secret', 'with a session')
      for (const url of ['http://shop.test/', 'https://safe.test/']) {
        t.equal(await ask(lab, ca, undefined, url), '407', 'no credentials')
        t.equal(await ask(lab, ca, 'alice:wrong', url), '407', 'wrong credentials')
      }
      t.equal(await right('http://gone.test/'), '502')
      t.equal(await right('https://gone.test/'), '502')
      t.equal(await right('http://deaf.test/'), '504')
      t.equal(await right('https://deaf.test/'), '504')
      t.equal(await right('http://mute.test/'), '504')
      t.equal(await right('https://example.com/'), '502', 'outside the scenario')
      const told = forwardsIn(lab.journal, 'gw').map(({ method, status }) => `${method} ${status}`)
      for (const wanted of ['GET 200', 'CONNECT 200', 'GET 407', 'CONNECT 407', 'CONNECT 502', 'CONNECT 504'])
        t.ok(told.includes(wanted), wanted)
    })
  })
}
