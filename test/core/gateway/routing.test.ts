/** Whole requests through a gateway, against targets that are functions: what is tried, told and answered. */
import { test } from 'tap'
import type { Failure } from '../../../src/core/failure.js'
import { exitsSchema, listExits } from '../../../src/core/gateway/exits.js'
import type { GatewayNote } from '../../../src/core/gateway/notes.js'
import type { Passage, TryEnd } from '../../../src/core/gateway/passage.js'
import { retryQueueSchema } from '../../../src/core/gateway/retry_queue.js'
import { Routing } from '../../../src/core/gateway/routing.js'
import type { Step, Waiter } from '../../../src/core/gateway/shared.js'
import { strategies } from '../../../src/core/gateway/strategies/index.js'
import { target } from './pool.js'

const reset: Failure = { type: 'connection_terminated', stage: 'tls', manner: 'reset', details: 'reset' }
const get = { method: 'GET', body: 'none' } as const

/** What a target does with a try through that exit, with that profile, at that time. */
type Target = (exit: string, profile: string, now: number) => 'reset' | { status: number; server?: string }

interface Options {
  count?: number
  strategy?: Record<string, unknown> & { type: keyof typeof strategies }
  profiles?: string[]
  queue?: object
}

/** A gateway on virtual time, and everything it tells. */
class Rig {
  now = 0
  readonly notes: GatewayNote[] = []
  readonly tries: string[] = []
  readonly routing: Routing
  private readonly answers = new Map<Waiter, (step: Step) => void>()
  private last = new Map<Waiter, number | undefined>()

  constructor(
    private readonly behave: Target,
    { count = 5, strategy = { type: 'context_aware' }, profiles = ['node', 'modern'], queue = {} }: Options = {},
  ) {
    const exits = listExits(exitsSchema.parse([{ network: '127.11.1.0/24', count }]))
    const config = strategies[strategy.type].schema.parse(strategy)
    this.routing = new Routing(
      {
        exits,
        assign: { type: 'round_robin' },
        profiles,
        strategy: config,
        retry_queue: retryQueueSchema.parse(queue),
      },
      (note) => this.notes.push(note),
    )
  }

  /** The status that the client gets, or its own failure's word. */
  ask(request: string, sent: Parameters<Passage['ended']>[2] = get): string {
    let answer = 'waits'
    const passage = this.routing.begin({ request, target }, this.now)
    this.answers.set(passage, (step) => {
      if (step.do !== 'answer') return
      const status = this.last.get(passage)
      answer = step.failure ? step.failure.manner : String(status ?? 502)
    })
    this.follow(passage, passage.start(this.now, 0), sent)
    this.drain(passage, sent)
    return answer
  }

  private drain(passage: Passage, sent: Parameters<Passage['ended']>[2]): void {
    for (let rounds = 0; this.answers.has(passage) && rounds < 100; rounds++) {
      const next = this.routing.nextMs(this.now)
      if (next === undefined) return
      this.now = Math.max(this.now, next)
      for (const { passage, step } of this.routing.advance(this.now, () => 0))
        this.follow(passage as Passage, step, sent)
    }
  }

  private follow(passage: Passage, first: Step, sent: Parameters<Passage['ended']>[2]): void {
    let step = first
    while (step.do === 'try') {
      const { exit, profile } = step
      this.tries.push(`${exit.id.slice(9)} ${profile} at ${this.now}`)
      const seen = this.behave(exit.id, profile, this.now)
      this.now += 1
      if (seen === 'reset') {
        this.last.set(passage, undefined)
        const end: TryEnd = { ok: false, error: reset.type, stage: reset.stage, ms: 1 }
        step = passage.ended(end, reset, sent, this.now, 0)
      } else {
        this.last.set(passage, seen.status)
        step = passage.ended({ ok: seen.status < 500, ms: 1, ...seen }, undefined, sent, this.now, 0)
      }
    }
    if (step.do !== 'answer') return
    this.answers.get(passage)?.(step)
    this.answers.delete(passage)
  }
}

const banned =
  (...exits: string[]): Target =>
  (exit) =>
    exits.includes(exit) ? 'reset' : { status: 200 }

test('one exit is blocked: quarantine, another exit and profile, and a 200', async (t) => {
  const rig = new Rig(banned('127.11.1.1'))
  t.equal(rig.ask('r1'), '200')
  t.strictSame(rig.tries, ['1 node at 0', '2 modern at 1'])
  t.match(rig.notes, [
    { note: 'quarantine', exit: '127.11.1.1', for_ms: 300_000, why: 'waf_stealth_block', burn_rate: 0.25 },
    {
      note: 'decision',
      request: 'r1',
      target,
      exit: '127.11.1.1',
      failed_status: 502,
      failure: 'tcp_connection_reset',
      heuristic: 'waf_stealth_block',
      strategy: 'rotate_ip_and_fingerprint',
      quarantined: true,
      status: 200,
    },
  ])
  for (let n = 0; n < 10; n++) t.equal(rig.ask(`later ${n}`), '200')
  t.equal(rig.tries.length, 12, 'the blocked exit is not asked again')
})

test('blind hammers the same exit, and the client sees the 502', async (t) => {
  const rig = new Rig(banned('127.11.1.1'), { strategy: { type: 'blind', attempts: 3 } })
  t.equal(rig.ask('r1'), '502')
  t.strictSame(rig.tries, ['1 node at 0', '1 node at 1', '1 node at 2'])
  t.strictSame(
    rig.notes.map((note) => note.note),
    ['decision', 'decision', 'decision'],
  )
})

test('rotate goes on until an exit passes, and forgets which did not', async (t) => {
  const rig = new Rig(banned('127.11.1.1', '127.11.1.2'), { strategy: { type: 'rotate' } })
  t.equal(rig.ask('r1'), '200')
  t.strictSame(rig.tries, ['1 node at 0', '2 node at 1', '3 node at 2'])
  t.equal(rig.routing.pool.quarantined(target, rig.now).length, 0)
})

test('after a block it goes on in another network, where there is one', async (t) => {
  const exits = listExits(
    exitsSchema.parse([
      { network: '127.11.1.0/24', count: 3 },
      { network: '127.11.2.0/24', count: 1 },
    ]),
  )
  const config = strategies.context_aware.schema.parse({ type: 'context_aware' })
  const rest = { assign: { type: 'round_robin' }, profiles: [], retry_queue: retryQueueSchema.parse({}) } as const
  const routing = new Routing({ exits, strategy: config, ...rest }, () => {})
  const passage = routing.begin({ request: 'r1', target }, 0)
  const blocked = { ok: false, error: reset.type, stage: reset.stage, ms: 1 } as const
  const steps = [passage.start(0, 0), ...[1, 2, 3].map((now) => passage.ended(blocked, reset, get, now, 0))]
  const met = steps.map((step) => step.do === 'try' && step.exit.id)
  t.strictSame(met, ['127.11.1.1', '127.11.2.1', '127.11.1.2', '127.11.1.3'])
})

test('a fingerprint is blocked: the profile is burned, not the pool', async (t) => {
  const rig = new Rig((_exit, profile) => (profile === 'node' ? 'reset' : { status: 200 }), { count: 20 })
  for (let n = 0; n < 20; n++) t.equal(rig.ask(`r${n}`), '200')
  t.equal(rig.routing.pool.quarantined(target, rig.now).length, 3)
  t.match(
    rig.notes.filter((note) => note.note === 'quarantine' && note.profile !== undefined),
    [{ profile: 'node', why: 'fingerprint_block' }],
  )
  t.equal(rig.tries.filter((text) => text.includes('node')).length, 3)
})

test('an edge that struggles: the same exit after 2^n seconds, until it is well', async (t) => {
  const rig = new Rig((_exit, _profile, now) =>
    now < 5000 ? { status: 502, server: 'cloudflare' } : { status: 200, server: 'cloudflare' },
  )
  t.equal(rig.ask('r1'), '200')
  t.strictSame(rig.tries, ['1 node at 0', '1 node at 2001', '1 node at 6002'])
  t.match(
    rig.notes.map((note) => note.note === 'decision' && [note.heuristic, note.status]),
    [
      ['edge_origin_error', 502],
      ['edge_origin_error', 200],
    ],
  )
})

test('everything is down: the target is paused, its exits are pardoned, and a probe opens it', async (t) => {
  const rig = new Rig((_exit, _profile, now) => (now < 20_000 ? 'reset' : { status: 200 }), { profiles: ['node'] })
  t.equal(rig.ask('r1'), '502', 'its tries are used up with the fifth exit')
  t.strictSame(
    rig.notes.flatMap((note) => (note.note === 'pause' ? [[note.state, note.why]] : [])),
    [['paused', 'fleet_wide_spike']],
  )
  t.strictSame(rig.routing.pool.quarantined(target, rig.now), [])
  t.equal(rig.ask('r2'), '200', 'it waits for the end of the pause')
  t.match(rig.tries.at(-1), / node at 30005$/)
  t.match(rig.notes.at(-1), { note: 'pause', state: 'resumed', why: 'probe_passed' })
  t.equal(rig.ask('r3'), '200')
})

test('who would wait for a paused target beyond its deadline, or finds the queue full, is told so', async (t) => {
  const down: Target = () => 'reset'
  const late = new Rig(down, { queue: { deadline: '10s' } })
  late.ask('r1')
  t.equal(late.ask('r2'), 'paused')
  t.ok(late.now < 11_000, `at ${late.now}`)
  const full = new Rig(down, { queue: { size: 0 } })
  full.ask('r1')
  t.equal(full.ask('r2'), 'paused')
  t.equal(full.now, 5)
})

test('all exits are blocked one by one: the pool is exhausted, which is said', async (t) => {
  const all = ['127.11.1.1', '127.11.1.2', '127.11.1.3']
  const rig = new Rig(banned(...all), {
    count: 3,
    strategy: { type: 'context_aware', attempts: 1, spike: { exits: 100, share: '100%' }, window: '1ms' },
  })
  t.strictSame([rig.ask('r1'), rig.ask('r2'), rig.ask('r3')], ['502', '502', '502'])
  t.equal(rig.ask('r4'), 'exhausted')
  rig.now += 300_000
  t.equal(rig.ask('r5'), '502', 'the quarantine is over')
})

test('what may not be repeated is answered, and its exit is quarantined all the same', async (t) => {
  const rig = new Rig(() => ({ status: 403 }))
  t.equal(rig.ask('r1', { method: 'POST', body: 'kept' }), '403')
  t.equal(rig.tries.length, 1)
})

test('a client that leaves gives its exit back, and a probe that nobody waits for makes room for another', async (t) => {
  const rig = new Rig(() => 'reset', { count: 2 })
  rig.ask('r1')
  rig.now += 30_000
  const probe = rig.routing.begin({ request: 'p', target }, rig.now)
  const step = probe.start(rig.now, 0)
  t.equal(step.do, 'try')
  const second = rig.routing.begin({ request: 'q', target }, rig.now)
  t.equal(second.start(rig.now, 0).do, 'wait')
  probe.left(rig.now)
  t.match(
    rig.routing.advance(rig.now, () => 0),
    [{ passage: second, step: { do: 'try' } }],
  )
  second.opened(rig.now)
  t.match(rig.notes.at(-1), { note: 'pause', state: 'resumed' })
  second.left(rig.now)
  t.ok(rig.routing.pool.exits.every((exit) => rig.routing.pool.used(exit) === 0))
})

test('where the gateway speaks no TLS itself, no profile is spoken, nor burned, nor changed', async (t) => {
  const notes: GatewayNote[] = []
  const routing = new Routing(
    {
      exits: listExits(exitsSchema.parse([{ network: '127.11.1.0/24', count: 9 }])),
      assign: { type: 'round_robin' },
      profiles: ['node', 'modern'],
      strategy: strategies.context_aware.schema.parse({ type: 'context_aware', spike: { exits: 100 }, attempts: 6 }),
      retry_queue: retryQueueSchema.parse({}),
    },
    (note) => notes.push(note),
  )
  const passage = routing.begin({ request: 'r1', target: 'shop.test:443', plain: true }, 0)
  let step = passage.start(0, 0)
  for (let n = 0; step.do === 'try'; n++) {
    t.equal(step.profile, '')
    const reset = { type: 'connection_terminated', stage: 'tls', manner: 'reset', details: '' } as const
    const end = { ok: false, error: reset.type, stage: reset.stage, ms: 1 }
    step = passage.ended(end, reset, { method: 'CONNECT', body: 'none' }, n, 0)
  }
  const strategiesTold = notes.flatMap((note) => (note.note === 'decision' ? [note.strategy] : []))
  t.same(new Set(strategiesTold), new Set(['rotate_ip', 'answer']))
  t.notOk(notes.some((note) => note.note === 'quarantine' && note.profile !== undefined))
})
