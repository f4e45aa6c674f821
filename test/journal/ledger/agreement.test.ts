/** Counts at clients, proxies and origins agree, or the run is an error that names the request and who saw what. */
import fc from 'fast-check'
import { test } from 'tap'
import { judge } from '../../../src/checks/verdict.js'
import type { JournalEvent } from '../../../src/journal/events.js'
import { createLedger } from '../../../src/journal/ledger/ledger.js'
import { createAddresses } from '../../../src/journal/ledger/ways.js'
import * as make from '../events.js'
import { oneTry, refusedFailure, resetFailure } from '../events.js'
import { APP, attempt, hops, judged, LB, proxied, request, served, ways } from '../streams.js'

const errors = (...events: JournalEvent[]) => judged(events).errors

test('whoever tells the same agrees, in whatever order it is told', async (t) => {
  const events = [...proxied(1), ...proxied(2), attempt(1, 0, 5), served(1, 3), request(0, 5)]
  fc.assert(
    fc.property(fc.shuffledSubarray(events, { minLength: events.length }), (order) => {
      t.same(errors(...order), [])
    }),
  )
})

test('one event lost or invented, whichever it is: the run is an error', async (t) => {
  const events = [...proxied(1), ...proxied(2)]
  for (const [index, event] of events.entries()) {
    const lost = errors(...events.toSpliced(index, 1))
    t.equal(lost.length, 1, `without ${event.event}`)
    t.match(lost[0], /^request (id )?"plain-[12]"/)
    t.equal(judge([], [], { errors: lost, interrupted: false, lag_ms: 0, loads: new Map() }).verdict, 'error')
    t.equal(errors(...events, event).length, 1, `with another ${event.event}`)
  }
})

const disagreements: [name: string, events: JournalEvent[], sentence: string][] = [
  [
    'a proxy tries again and does not tell',
    [...proxied(1), make.served({ request: 'plain-1' })],
    'request "plain-1" was read again after all of it was told',
  ],
  [
    'the same, seen before the client has its answer',
    [make.served({ request: 'plain-1' }), ...proxied(1)],
    'request "plain-1": app1 read it 2 times, and 1 at most were sent there',
  ],
  [
    'a refused connection reached nobody',
    [attempt(1, 0, 1, { status: undefined, failure: refusedFailure }), served(0, 1), request(0, 1, { ok: false })],
    'request "direct-1": app1 read it once, and 0 at most were sent there',
  ],
  [
    'a response that came from nowhere',
    [attempt(1, 0, 1), request(0, 1)],
    'request "direct-1": 1 of its responses came from app1, which read it 0 times',
  ],
  [
    'an attempt is not told',
    [attempt(2, 0, 1), served(0, 1), served(0, 2), request(0, 5, { attempts: 2 })],
    'request "direct-1": client direct ended it after 2 attempts, and told of 1',
  ],
  ['two requests with one id', [...proxied(1), ...proxied(1)], 'request id "plain-1" reused'],
  [
    'the end of one is not told',
    [attempt(1, 0, 1), served(0, 1)],
    'request "direct-1": client direct told of attempts of it, and not of its end',
  ],
  [
    'more than one',
    [...proxied(1), ...proxied(2), ...proxied(3).slice(1), ...proxied(1), ...proxied(2)],
    'request id "plain-1" reused (and 2 more such)',
  ],
  [
    'a request that nobody sent',
    [served(0, 1, { request: 'x' })],
    'request "x": app1 read it once, and 0 at most were sent there',
  ],
]
for (const [name, events, sentence] of disagreements) {
  test(name, async (t) => t.same(errors(...events), [sentence]))
}

const agreements: [name: string, events: JournalEvent[]][] = [
  [
    'a reset may have come before the request was read, or after',
    [
      attempt(1, 0, 1, { status: undefined, failure: resetFailure }),
      attempt(2, 2, 1, { status: undefined, failure: resetFailure }),
      served(2, 1, { outcome: 'faulted' }),
      request(0, 3, { ok: false, attempts: 2 }),
    ],
  ],
  [
    'work that goes on when the client has left',
    [
      attempt(1, 0, 5, { status: undefined, gave_up: true, reused: true }),
      request(0, 5),
      served(1, 90, { outcome: 'wasted' }),
    ],
  ],
  [
    'a server that is killed has no last words',
    [{ event: 'exit', t: 1, hop: 'app1', signal: 'SIGKILL' }, attempt(1, 0, 1, { truncated: true }), request(0, 1)],
  ],
  [
    'bytes sent on accept answer what nobody reads',
    [{ event: 'fault', t: 0, fault: 'f', hop: 'wall', at: 'accept', effect: 'send' }, attempt(1, 0, 1), request(0, 1)],
  ],
  ['a request for the health page is one', [attempt(1, 0, 1), served(0, 1, { health: true }), request(0, 1)]],
  [
    'a health check under the id of the request is none',
    [served(0, 1, { health: true }), attempt(1, 2, 1), served(2, 1), request(0, 3)],
  ],
  ['an admission let none go', [request(0, 1, { attempts: 0, ok: false, refused: 'token_bucket' })]],
  [
    'a request without an id, and one in the background',
    [served(0, 1, { request: '' }), served(0, 1, { request: 'x', background: true })],
  ],
  ['what ended early does not add up', [attempt(1, 0, 1), { event: 'end', t: 1, interrupted: true }]],
]
for (const [name, events] of agreements) test(name, async (t) => t.same(errors(...events), []))

test('where nobody can tell, nobody judges', async (t) => {
  const raw = { ...ways, clients: { ...ways.clients, direct: { to: ['app1'], tells: false } } }
  const strange = [served(0, 1, { request: 'made-up' }), attempt(1, 0, 1), request(0, 1)]
  t.same(judged(strange, { ways: raw }).errors, [], 'a client that sends other ids')
  t.equal(judged([...strange, ...proxied(1).slice(1)], { ways: raw }).errors.length, 1, 'of others it is known')
  const stranger = { ...ways, readers: { app1: true, lb: false }, behindStranger: ['app1'] }
  const [seen, , sent, end] = proxied(1)
  t.same(judged([seen!, seen!, sent!, end!], { ways: stranger }).errors, [], 'a proxy that tells nothing')
  const metrics = judged([seen!, seen!, sent!, end!], { ways: stranger }).clients.get('plain')!.metrics
  t.match(metrics, { server_amplification: null, idc_10ms: null, amplification: 1 })
  t.same(judged([attempt(1, 0, 1)], {}).errors, [], 'a rig of a program, whose requests come from elsewhere')
})

test('an error of the run comes first: nothing adds up after it', async (t) => {
  t.same(errors({ event: 'error', t: 0, message: 'port taken' }, attempt(1, 0, 1)), ['port taken'])
})

test('the ledger keeps what is open, and has a limit that it tells of', async (t) => {
  const settled: string[] = []
  const ledger = createLedger(({ id }) => settled.push(id), ways, 2)
  for (const event of hops) ledger.add(event)
  for (let n = 1; n <= 1000; n++) for (const event of proxied(n)) ledger.add(event)
  t.equal(settled.length, 1000)
  t.same([...ledger.open()], [], 'nothing is left')
  t.same(ledger.disagreements(), [])
  for (let n = 1; n <= 3; n++) ledger.add(make.served({ request: `other-${n}` }))
  t.match(ledger.disagreements(), [/^more than 2 requests are not accounted for/])
})

test('tries are told by their own books, and by the stage where these are not kept', async (t) => {
  const lost = (more: object) => [
    make.served({ request: 'plain-1', outcome: 'faulted' }),
    make.forward({
      request: 'plain-1',
      status: 502,
      tries: [oneTry({ address: APP, failure: resetFailure, ...more })],
    }),
    make.attempt({ request: 'plain-1', address: LB, status: 502 }),
    make.request({ request: 'plain-1', ok: false }),
  ]
  t.same(errors(...lost({ request_written: true })), [])
  t.same(errors(...lost({})), [], 'reset before the response: it may have been written')
  t.equal(errors(...lost({ request_written: false })).length, 1)
  const unsure = { ...refusedFailure, or: [resetFailure] }
  t.same(errors(...lost({ failure: unsure })), [], 'a log whose words may mean either')
})

const behindGateway = { to: 'app1.test:80', status: 200 }
const GW = '127.0.0.1:7003'
/** What a client that asks app1 through the gateway gw in tunnels, and the gateway, tell. */
const tunnelling = (...events: JournalEvent[]) => {
  const readers = { ...ways.readers, gw: true }
  const direct = { to: ['app1'], behindTunnel: 'app1', tells: true }
  const hop = { event: 'hop', t: 0, hop: 'gw', kind: 'gateway', address: GW } as const
  return judged([hop, ...events], { ways: { ...ways, readers, clients: { ...ways.clients, direct } } }).errors
}
const through = (n: number, more: object = {}) => attempt(n, n, 1, { address: GW, tunnelled: behindGateway, ...more })
const carried = make.forward({
  hop: 'gw',
  request: 'direct-1',
  method: 'CONNECT',
  tries: [oneTry({ address: APP })],
})

test('what goes through a tunnel counts where it ends, and the tunnel itself nowhere', async (t) => {
  const two = [through(1, { status: 503 }), through(2, { reused: true }), request(0, 5, { attempts: 2 })]
  t.same(tunnelling(...two, served(1, 1), served(2, 1), carried), [])
  t.same(tunnelling(...two, served(1, 1), carried), [
    'request "direct-1": 2 of its responses came from app1, which read it once',
  ])
})

test('what a gateway has answered in the place of a tunnel came from nobody behind it', async (t) => {
  const refused = through(1, { status: 407, tunnelled: { ...behindGateway, status: 407 } })
  const silent = through(1, { status: undefined, tunnelled: { to: 'app1.test:80' }, gave_up: true, connect_ms: 1 })
  for (const sent of [refused, silent]) {
    t.same(tunnelling(sent, request(0, 5, { attempts: 1, ok: false })), [])
    t.same(tunnelling(served(1, 1), sent, request(0, 5, { attempts: 1, ok: false })), [
      'request "direct-1": app1 read it once, and 0 at most were sent there',
    ])
  }
})

test('a hop may be named like what every object has', async (t) => {
  const { readerOf } = createAddresses({ ...ways, readers: { lb: true, constructor: true } })
  t.equal(readerOf('constructor'), 1)
})
