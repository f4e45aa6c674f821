/** Who failed, from the status and the headers of one response: every kind of evidence, and which goes first. */
import fc from 'fast-check'
import { test } from 'tap'
import { type Layer, layers, whoFailed } from '../../src/core/who_failed.js'

type Headers = [name: string, value: string][]
const blame = (headers: Headers, status = 502) => whoFailed({ status, headers })

const REFUSED = 'gw; error=connection_terminated; details="connection reset"'
const ID: [string, string] = ['X-Edge-Id', 'cdn/plain-1']
const EDGE: [string, string] = ['Server', 'edge-example']

test('each kind of evidence', async (t) => {
  const table: [what: string, headers: Headers, layer: Layer, hop: string | undefined, because: RegExp][] = [
    ['an edge’s own page', [EDGE, ID, ['X-Edge-Error', 'origin_closed']], 'edge', 'cdn', /X-Edge-Error: origin_closed/],
    ['what an edge passed on', [EDGE, ID], 'origin', undefined, /cdn passed it on/],
    ['an edge that says only who it is', [['server', 'CloudFront']], 'edge', undefined, /Server: CloudFront/],
    ['a gateway of our own', [['Proxy-Status', REFUSED]], 'gateway', 'gw', /gw says error=connection_terminated$/],
    [
      'a gateway with X-Proxy-Error alone',
      [['X-Proxy-Error', 'upstream_reset']],
      'gateway',
      undefined,
      /upstream_reset/,
    ],
    ['all passed it on', [['Proxy-Status', 'inner; received-status=502, gw']], 'origin', undefined, /inner, gw passed/],
    ['a gateway that was only there', [['Via', '1.1 gw']], 'origin', undefined, /Via: 1.1 gw/],
    ['a server that may be anybody', [['Server', 'nginx/1.22.1']], 'unknown', undefined, /no header/],
    ['nothing at all', [], 'unknown', undefined, /no header/],
  ]
  for (const [what, headers, layer, hop, because] of table) {
    t.match(blame(headers), { layer, because }, what)
    t.equal(blame(headers)?.hop, hop, what)
  }
  t.match(blame([], 407), { layer: 'gateway', because: /407/ })
  t.equal(blame([EDGE], 200), undefined, 'nothing failed')
})

test('two gateways: what one says of itself goes before what another one marks', async (t) => {
  const table: [what: string, headers: Headers, layer: Layer, hop: string | undefined][] = [
    [
      'the edge failed, and a gateway in front of it passed that on',
      [EDGE, ID, ['X-Edge-Error', 'origin_tls'], ['Proxy-Status', 'gw; received-status=502']],
      'edge',
      'cdn',
    ],
    [
      'an edge without marks failed, and a gateway in front passed that on',
      [
        ['Server', 'cloudflare'],
        ['Proxy-Status', 'gw; received-status=502'],
        ['Via', '1.1 gw'],
      ],
      'edge',
      undefined,
    ],
    ['a proxy behind the edge failed', [EDGE, ID, ['Proxy-Status', REFUSED], ['X-Proxy-Error', 'x']], 'gateway', 'gw'],
    [
      'the one nearest the origin failed, gateways on both sides of the edge',
      [EDGE, ID, ['Proxy-Status', 'inner; error=dns_error, gw; received-status=502']],
      'gateway',
      'inner',
    ],
    [
      'an edge that speaks Proxy-Status',
      [EDGE, ['Proxy-Status', 'edge-example; error=dns_error']],
      'edge',
      'edge-example',
    ],
    ['of two edges the inner one', [EDGE, ['X-Edge-Id', 'near/1'], ID, ['X-Edge-Error', 'x']], 'edge', 'near'],
  ]
  for (const [what, headers, layer, hop] of table) {
    t.match(blame(headers), { layer }, what)
    t.equal(blame(headers)?.hop, hop, what)
  }
  t.match(blame([['Proxy-Status', 'inner; error=dns_error, gw; received-status=502']])?.because, / gw passed it on$/)
})

test('lines of one field are a list, and what is no structured field says nothing', async (t) => {
  t.match(
    blame([
      ['Proxy-Status', 'inner; error=dns_error'],
      ['proxy-status', 'gw'],
    ]),
    { hop: 'inner' },
  )
  t.match(blame([['Proxy-Status', 'gw; error="'], EDGE]), { layer: 'edge' })
  t.match(
    blame([
      ['Proxy-Status', 'gw; error="'],
      ['X-Proxy-Error', 'upstream_reset'],
    ]),
    { layer: 'gateway' },
  )
})

test('a list of edges of one’s own', async (t) => {
  const headers: Headers = [['Server', 'house-cache/2']]
  t.match(whoFailed({ status: 502, headers }), { layer: 'unknown' })
  t.match(whoFailed({ status: 502, headers }, ['house-cache']), { layer: 'edge' })
})

test('a fetch Response is taken as it is', async (t) => {
  const response = new Response('', { status: 504, headers: { 'X-Proxy-Error': 'upstream_timeout' } })
  t.match(whoFailed(response), { layer: 'gateway' })
})

test('whatever the headers, there is one answer, and their order changes nothing but that of lists', async (t) => {
  const names = ['Server', 'Via', 'Proxy-Status', 'X-Proxy-Error', 'X-Edge-Id', 'X-Edge-Error', 'Age']
  const values = fc.constantFrom('edge', 'gw; error=dns_error', 'gw', 'upstream_reset', '', '"', 'a/b, c', 'nginx')
  const head = fc.dictionary(fc.constantFrom(...names), values)
  fc.assert(
    fc.property(head, fc.integer({ min: 400, max: 599 }), (fields, status) => {
      const headers = Object.entries(fields)
      const found = whoFailed({ status, headers })
      return (
        found !== undefined &&
        layers.includes(found.layer) &&
        found.because.length > 0 &&
        JSON.stringify(whoFailed({ status, headers: headers.toReversed() })) === JSON.stringify(found)
      )
    }),
  )
  t.end()
})
