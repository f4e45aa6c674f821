/** What the journal says of gateways: exits used and burned, decisions, pauses. */
import { test } from 'tap'
import type { JournalEvent } from '../../src/journal/events.js'
import * as make from './events.js'
import { reduce, resetFailure, times } from './events.js'

const through = (exit: string, more: Parameters<typeof make.oneTry>[0] = {}) =>
  make.forward({ hop: 'gw', tries: [make.oneTry({ exit, ...more })] })

const factsOf = (events: readonly JournalEvent[]) => reduce(events).gateways.get('gw')!

test('exits: how many were used, how the tries were spread, and where most failed', async (t) => {
  const events = [
    ...times(6, through('a', { status: 200 })),
    ...times(2, through('b', { status: 200 })),
    through('b', { status: 502 }),
    through('b', { failure: resetFailure }),
  ]
  t.match(factsOf(events).metrics, {
    gateway_tries: 10,
    exits_used: 2,
    exit_share_max: 0.6,
    exit_failed_share_max: 0.5,
    exits_burned: 1,
  })
  t.match(factsOf([...events, through('b', { status: 200 })]).metrics, { exits_burned: 0 }, 'the last try counts')
})

test('a gateway without exits has no such facts; one that only decided has no shares', async (t) => {
  t.equal(factsOf([make.forward({ hop: 'gw' })]), undefined)
  t.match(factsOf([make.decision()]).metrics, { exits_used: 0, exit_share_max: null, exit_failed_share_max: null })
})

test('quarantines: exits and profiles counted once each, and the burn rate at its highest', async (t) => {
  const events = [
    make.quarantine({ burn_rate: 0.2 }),
    make.quarantine({ exit: 'b', burn_rate: 0.6 }),
    make.quarantine({ exit: 'b', burn_rate: 0.3, target: 'other.test:443' }),
    make.quarantine({ exit: undefined, profile: 'node' }),
  ]
  t.match(factsOf(events).metrics, {
    exits_quarantined: 2,
    profiles_quarantined: 1,
    quarantines: 4,
    burn_rate: 0.6,
  })
})

test('decisions by what was done and by what the failure was taken for', async (t) => {
  const facts = factsOf([
    ...times(2, make.decision()),
    make.decision({ strategy: 'answer', heuristic: 'genuine_failure' }),
  ])
  t.same(Object.fromEntries(facts.strategies), { rotate_ip_and_fingerprint: 2, answer: 1 })
  t.same(Object.fromEntries(facts.heuristics), { waf_stealth_block: 2, genuine_failure: 1 })
})

test('pauses: the longest until a target was paused, and until it was open again', async (t) => {
  const events = [
    make.pause('paused', 400, { since_ms: 300 }),
    make.pause('resumed', 1400),
    make.pause('paused', 5000, { since_ms: 50 }),
    make.pause('resumed', 8000),
    make.pause('paused', 9000),
  ]
  t.match(factsOf(events).metrics, { pauses: 3, resumes: 2, time_to_pause_ms: 300, time_to_resume_ms: 3000 })
  t.match(factsOf([make.decision()]).metrics, { pauses: 0, time_to_pause_ms: null, time_to_resume_ms: null })
})
