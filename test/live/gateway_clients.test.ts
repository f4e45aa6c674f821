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

/** One URL, asked for with `name:password` or without. */
interface Asked {
  credentials?: string | undefined
  url: string
}

/** What a client makes of each URL: the body of a 200, or the status that it was answered with, by the gateway to a CONNECT too. */
type AskAll = (lab: Rig, ca: string, all: readonly Asked[]) => Promise<string[]>

/** One after the other. */
const each =
  (ask: (lab: Rig, ca: string, credentials: string | undefined, url: string) => Promise<string>): AskAll =>
  async (lab, ca, all) => {
    const told = []
    for (const { credentials, url } of all) told.push(await ask(lab, ca, credentials, url))
    return told
  }

const clients: Record<string, { lacks(): Promise<string | false>; askAll: AskAll }> = {
  curl: {
    lacks: async () => (await missing('curl')) && 'curl is not installed: apt-get install curl',
    askAll: each(async (lab, ca, credentials, url) => {
      const user = credentials === undefined ? [] : ['-U', credentials]
      const proxy = ['-x', `http://127.0.0.1:${portOf(lab, 'gw')}`]
      const told = ['-w', '\n%{http_code} %{http_connect}', '--noproxy', '']
      const { stdout, code } = await run('curl', ['-sS', ...proxy, ...user, ...told, '--cacert', ca, url])
      const lines = stdout.split('\n')
      const [own, connect] = lines.pop()!.split(' ').map(Number)
      if (code !== 0) return String(connect)
      return own === 200 ? lines.join('\n') : String(own)
    }),
  },
  wget: {
    lacks: async () => (await missing('wget')) && 'wget is not installed: apt-get install wget',
    askAll: each(async (lab, ca, credentials, url) => {
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
    }),
  },
  'undici ProxyAgent': {
    lacks: async () => false,
    askAll: each(async (lab, _ca, credentials, url) => {
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
    }),
  },
  'Python requests': {
    lacks: async () =>
      (await pythonWithRequests()) === undefined && 'requests is not installed: apt-get install python3-requests',
    async askAll(lab, ca, all) {
      const at = `127.0.0.1:${portOf(lab, 'gw')}`
      const pairs = all.map(({ credentials, url }) => [url, `http://${credentials ? `${credentials}@` : ''}${at}`])
      const script = `
import json, re, sys, requests
told = []
for url, proxy in json.loads(sys.argv[1]):
    try:
        response = requests.get(url, proxies={'http': proxy, 'https': proxy}, verify=sys.argv[2])
        told.append(response.text if response.status_code == 200 else str(response.status_code))
    except requests.exceptions.ProxyError as error:
        told.append(re.search(r'Tunnel connection failed: (\\d+)', str(error)).group(1))
print(json.dumps(told))
`
      const { stdout, stderr } = await run((await pythonWithRequests())!, ['-c', script, JSON.stringify(pairs), ca])
      return stdout ? (JSON.parse(stdout) as string[]) : [stderr]
    },
  },
}

const right = 'alice:secret'
const wanted: [asked: Asked, answer: string][] = [
  [{ url: 'http://shop.test/', credentials: right }, 'plain'],
  [{ url: 'https://safe.test/', credentials: right }, 'secret'],
  [{ url: 'https://safe.test/', credentials: 'alice-session-a1:secret' }, 'secret'],
  [{ url: 'http://shop.test/' }, '407'],
  [{ url: 'https://safe.test/' }, '407'],
  [{ url: 'http://shop.test/', credentials: 'alice:wrong' }, '407'],
  [{ url: 'https://safe.test/', credentials: 'alice:wrong' }, '407'],
  [{ url: 'http://gone.test/', credentials: right }, '502'],
  [{ url: 'https://gone.test/', credentials: right }, '502'],
  [{ url: 'http://deaf.test/', credentials: right }, '504'],
  [{ url: 'https://deaf.test/', credentials: right }, '504'],
  [{ url: 'http://mute.test/', credentials: right }, '504'],
  [{ url: 'https://example.com/', credentials: right }, '502'],
]

for (const [name, { lacks, askAll }] of Object.entries(clients)) {
  t.test(`${name}: absolute form, CONNECT, 407, 502 and 504`, async (t) => {
    const reason = await lacks()
    if (reason) return lacking(t, reason)
    await withRig(input, async (lab) => {
      const ca = join(t.testdir(), 'ca.pem')
      writeFileSync(ca, lab.ca)
      const answers = await askAll(
        lab,
        ca,
        wanted.map(([asked]) => asked),
      )
      t.same(
        answers,
        wanted.map(([, answer]) => answer),
      )
      const told = forwardsIn(lab.journal, 'gw').map(({ method, status }) => `${method} ${status}`)
      for (const one of [
        'GET 200',
        'CONNECT 200',
        'GET 407',
        'CONNECT 407',
        'GET 502',
        'CONNECT 502',
        'GET 504',
        'CONNECT 504',
      ])
        t.ok(told.includes(one), one)
    })
  })
}
