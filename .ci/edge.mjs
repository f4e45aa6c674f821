/**
 * Writes into docs/edge.md how well headers tell who made an error response: the same failures at an origin, met by one's
 * own gateway, by an edge, by a proxy behind the edge, and errors of the origin itself, on real sockets. With --check it
 * writes nothing and fails when a run says otherwise. Run it after `npm run build`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join, resolve } from 'node:path'
import { publicEdges, signOf } from '../dist/core/gateway/signs.js'
import { rig, whoFailed } from '../dist/index.js'

const page = join(resolve(import.meta.dirname, '..'), 'docs/edge.md')
const [BEGIN, END] = ['<!-- Written by .ci/edge.mjs from a run. -->', '<!-- End of what .ci/edge.mjs writes. -->']
const EDGE = 'edge-example'

/** What an origin does, by name: its fault. */
const FAILURES = {
  refuses: { at: 'connect', effect: 'refuse' },
  resets: { at: 'request_head', effect: 'reset' },
  closes: { at: 'request_head', effect: 'close' },
  stalls: { at: 'request_head', effect: 'stall' },
  garbles: { at: 'request_head', effect: { type: 'send', text: 'no HTTP\r\n\r\n' } },
}
const OWN_ERRORS = [403, 429, 500, 502, 503]

/** The layer that is the right answer, where it is not called as in the table. */
const MADE_BY = {
  'edge that says Server alone': 'edge',
  'proxy behind the edge': 'another gateway',
  'origin behind the edge': 'origin',
  'origin behind such an edge': 'origin',
}

const hops = {
  wall: { kind: 'waf', to: 'shop' },
  shop: { kind: 'origin' },
  ...Object.fromEntries(Object.keys(FAILURES).flatMap(pathsTo)),
  ...Object.fromEntries(OWN_ERRORS.flatMap(pathsOfError)),
}
const gateway = (more) => ({ kind: 'gateway', to: Object.keys(hops), timeouts: { read: '400ms' }, ...more })
const lab = await rig({
  hops: {
    ...hops,
    gw: gateway({ exits: [{ network: '127.40.1.0/24', count: 1 }] }),
    closed: gateway({ users: [{ name: 'alice', password: 'secret' }] }),
  },
  faults: [
    ...Object.entries(FAILURES).map(([id, fault]) => ({ id, on: `${id}_app`, ...fault })),
    { id: 'blocked', on: 'wall', at: 'accept', effect: 'reset', match: { source: '127.40.1.*' } },
  ],
})

/** Who made the response, the gateway that is asked, and for what. */
const CASES = [
  ['own gateway', 'gw', 'wall'],
  ['own gateway', 'gw', 'nowhere'],
  ['own gateway', 'closed', 'shop'],
  ...Object.keys(FAILURES).map((id) => ['own gateway', 'gw', `${id}_app`]),
  ...Object.keys(FAILURES).map((id) => ['edge', 'gw', `${id}_edge`]),
  ...[502, 503, 504].map((status) => ['edge that says Server alone', 'gw', `plain_${status}`]),
  // What it passes on looks the same.
  ...[502, 503, 504].map((status) => ['origin behind such an edge', 'gw', `plain_${status}`]),
  ...Object.keys(FAILURES).map((id) => ['proxy behind the edge', 'gw', `${id}_edge_inner`]),
  ...OWN_ERRORS.map((status) => ['origin behind the edge', 'gw', `own_${status}_edge`]),
  ...OWN_ERRORS.map((status) => ['origin', 'gw', `own_${status}`]),
]
const seen = []
for (const [who, through, to] of CASES) seen.push({ who, through, to, ...(await ask(through, to)) })
await lab.close()
for (const { status, to } of seen) if (status < 400) throw new Error(`${to} answered ${status}`)

const text = section()
const now = readFileSync(page, 'utf8')
const written = `${now.slice(0, now.indexOf(BEGIN) + BEGIN.length)}\n\n${text}\n\n${now.slice(now.indexOf(END))}`
if (!process.argv.includes('--check')) writeFileSync(page, written)
else if (written !== now) {
  console.error('docs/edge.md says something else than a run now. When that is meant: node .ci/edge.mjs')
  process.exitCode = 1
}

function pathsTo(id) {
  const timeouts = { read: '200ms' }
  return [
    [`${id}_app`, { kind: 'origin' }],
    [`${id}_inner`, { kind: 'proxy', to: [`${id}_app`], timeouts }],
    [`${id}_edge`, edge(`${id}_app`, { timeouts })],
    [`${id}_edge_inner`, edge(`${id}_inner`)],
  ]
}

function pathsOfError(status) {
  const page = { status, headers: { Server: EDGE } }
  const alike = { 500: 504, 502: 502, 503: 503 }[status]
  return [
    [`own_${status}`, { kind: 'origin', response: { status } }],
    [`own_${status}_edge`, edge(`own_${status}`)],
    // One that is no hop of ours: of it there is the page.
    ...(alike ? [[`plain_${alike}`, { kind: 'origin', response: { ...page, status: alike } }]] : []),
  ]
}

function edge(to, more = {}) {
  return { kind: 'proxy', to: [to], dialect: 'edge', server_header: EDGE, ...more }
}

function ask(through, to) {
  const { hostname, port } = new URL(lab.urlOf(through))
  const path = `http://${to}.test/`
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, agent: false, headers: { host: `${to}.test` } }, (response) => {
      const { rawHeaders, statusCode: status } = response.resume()
      const headers = rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1]]] : []))
      resolve({ status, headers })
    })
    sent.on('error', reject).end()
  })
}

/** The glossary's rule for one response: Server of a public edge, or upstream_reset. */
function byTwoHeaders({ status, headers }) {
  const of = (wanted) => headers.find(([name]) => name.toLowerCase() === wanted)?.[1]
  const sign = signOf({ status, server: of('server'), proxy_error: of('x-proxy-error') }, ['edge', ...publicEdges])
  if (sign === 'waf_stealth_block') return 'own gateway'
  return sign === 'edge_origin_error' ? 'edge' : 'neither'
}

/** One's own gateway is known by its name. */
function byAll(one) {
  const { layer, hop } = whoFailed(one)
  if (layer !== 'gateway') return layer
  return hop === undefined || hop === one.through ? 'own gateway' : 'another gateway'
}

function section() {
  return [
    `${seen.length} error responses that came through a forward gateway, each with who made it. The rule of two headers is that of the`,
    'glossary entry `scraping-glossary`: `X-Proxy-Error: upstream_reset` is the own gateway’s, the `Server` header of a public edge the',
    'edge’s. `whoFailed` reads `Proxy-Status` and the marks of our edge as well; of an edge that says `Server` alone it can’t tell more.',
    '',
    table('Two headers', byTwoHeaders, ['own gateway', 'edge', 'neither']),
    '',
    score(byTwoHeaders),
    '',
    table('`whoFailed`', byAll, ['own gateway', 'another gateway', 'edge', 'origin', 'unknown']),
    '',
    score(byAll),
  ].join('\n')
}

function score(judge) {
  const counts = { right: 0, undecided: 0, wrong: 0 }
  for (const one of seen) {
    const said = judge(one)
    if (said === 'neither' || said === 'unknown') counts.undecided++
    else if (said === (MADE_BY[one.who] ?? one.who)) counts.right++
    else counts.wrong++
  }
  return `Right: ${counts.right} of ${seen.length}; undecided: ${counts.undecided}; wrong: ${counts.wrong}.`
}

function table(name, judge, columns) {
  const rows = [...new Set(seen.map(({ who }) => who))].map((who) => {
    const said = seen.filter((one) => one.who === who).map(judge)
    return [who, ...columns.map((column) => said.filter((word) => word === column).length || '')]
  })
  const head = [`${name}: was ↓ said →`, ...columns]
  return [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}
