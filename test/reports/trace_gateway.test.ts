/** The gateway's part of a trace: exits assigned, decisions at the try that they are about, quarantines and pauses behind. */
import { test } from 'tap'
import { decisionLine } from '../../src/core/gateway/decision_log.js'
import { traceLines } from '../../src/reports/trace.js'
import * as make from '../journal/events.js'
import { resetFailure } from '../journal/events.js'

test('a rotation, step by step', async (t) => {
  const exits = ['127.11.1.1', '127.11.1.2'] as const
  const lines = traceLines([
    make.quarantine({ t: 10 }),
    make.decision({ quarantined: true, status: 200 }),
    make.forward({
      hop: 'gw',
      status: 200,
      tries: [
        make.oneTry({ server: 'shop', exit: exits[0], profile: 'node', failure: resetFailure }),
        make.oneTry({ server: 'shop', exit: exits[1], profile: 'modern', status: 200 }),
      ],
    }),
    make.attempt({ status: 200 }),
    make.request({ ok: true }),
    make.pause('paused', 1500),
  ])
  const told = lines.filter((line) => /^gw +(exits?|eval|decision|target|127)/.test(line))
  t.same(told, [
    'gw         exit      127.11.1.1 assigned, TLS profile node',
    'gw         eval      tcp_connection_reset: waf_stealth_block',
    'gw                   127.11.1.1 quarantined',
    'gw         decision  rotate_ip_and_fingerprint',
    'gw         exit      127.11.1.2 assigned, TLS profile modern',
    'gw         exits     127.11.1.1 in quarantine for shop.test:443 at 10 ms, for 300.00 s: waf_stealth_block',
    'gw         target    shop.test:443 paused at 1.50 s: fleet_wide_spike',
  ])
})

test('the line of the log has the keys of the glossary', async (t) => {
  const note = {
    note: 'decision',
    request: 'r1',
    target: 'shop.test:443',
    exit: '127.11.1.1',
    profile: 'node',
  } as const
  const judged = { n: 1, failed_status: 502, failure: 'tcp_connection_reset', quarantined: true } as const
  const done = { heuristic: 'waf_stealth_block', strategy: 'rotate_ip_and_fingerprint' } as const
  t.equal(
    decisionLine({ ...note, ...judged, ...done, status: 200 }),
    'event.type=upstream_502 target.host=shop.test exit_node.ip=127.11.1.1 exit_node.state=quarantined ' +
      'failure.reason=tcp_connection_reset heuristic.eval=waf_stealth_block ' +
      'retry.strategy=rotate_ip_and_fingerprint retry.status=200',
  )
})
