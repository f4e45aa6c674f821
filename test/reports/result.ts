/** One run with every verdict in it, fixed, for the golden reports. */
import { createMetricsFold } from '../../src/journal/metrics/index.js'
import type { ClientMetrics, RunResult, ScenarioResult, ServerMetrics } from '../../src/journal/result.js'

const metrics = (outcomes: Record<string, number>, more: Partial<ClientMetrics> = {}): ClientMetrics => {
  const attempts = Object.values(outcomes).reduce((sum, count) => sum + count, 0)
  return {
    ...createMetricsFold().metrics(
      { counted: true, bans: [], faults: null, thread: null, recovery: { holdMs: 1000, goodput: 0.95 } },
      [],
    ),
    requests: attempts,
    attempts,
    succeeded: outcomes['200'] ?? 0,
    success_rate: attempts > 0 ? (outcomes['200'] ?? 0) / attempts : null,
    amplification: attempts > 0 ? 1 : null,
    statuses: {},
    errors: {},
    outcomes,
    truncated: 0,
    gave_up: 0,
    latency_p50_ms: 1.2,
    latency_p90_ms: 2.5,
    latency_p99_ms: 3.75,
    latency_max_ms: 4,
    ...more,
  }
}

const server = (more: Partial<ServerMetrics>): ServerMetrics => ({
  tries: 100,
  tries_failed: 4,
  error_rate: 0.04,
  checks: 0,
  checks_passed: 0,
  pass_rate: null,
  turns: {},
  ...more,
})

const scenario = (
  more: Pick<ScenarioResult, 'id' | 'title' | 'verdict'> & Partial<ScenarioResult>,
): ScenarioResult => ({
  tags: [],
  file: `scenarios/causes/${more.id}.yaml`,
  seed: 42,
  duration_ms: 123.456,
  faults: [{ id: 'rst', on: 'app1', at: 'request_head', effect: 'reset', fired: 5 }],
  clients: {},
  checks: [],
  ...more,
})

export const result: RunResult = {
  version: '0.1.0',
  engine: 'live',
  proxy: 'mini',
  seed: 42,
  verdict: 'error',
  started: '2026-01-02T03:04:05.678Z',
  duration_ms: 3456.7,
  interrupted: false,
  scenarios: [
    scenario({
      id: 'origin-refused',
      title: 'Nobody listens where the origin should be',
      verdict: 'pass',
      clients: {
        plain: metrics({ '502 connection_refused': 5 }, { statuses: { 502: 5 }, errors: { connection_refused: 5 } }),
      },
      checks: [{ name: 'fault rst fired', verdict: 'pass', expected: '>= 1', actual: '5' }],
    }),
    scenario({
      id: 'reset-before-response',
      title: 'The origin resets <the> "connection" & says nothing',
      verdict: 'fail',
      reason: '2 of 3 checks failed',
      verdicts: { pass: 17, fail: 1, inconclusive: 2 },
      duration_ms: 2000,
      clients: {
        plain: metrics({
          '200': 95,
          '502 connection_terminated': 3,
          '504 connection_read_timeout': 1,
          connection_refused: 1,
        }),
        backoff: metrics(
          { '200': 100, '502 connection_terminated': 4 },
          {
            requests: 100,
            success_rate: 1,
            amplification: 1.04,
            attempts_max: 2,
            recovered: 1,
            recovery_ms: 300,
            wasted_work_ratio: 0.125,
            duplicates_applied: 3,
            early_retries: 0,
          },
        ),
        silent: metrics({}),
      },
      servers: {
        lb: {
          app1: server({ checks: 60, checks_passed: 57, pass_rate: 0.95, turns: { down: 1, up: 1 } }),
          app2: server({ checks: 60, checks_passed: 60, pass_rate: 1 }),
          app3: server({ turns: { excluded: 2 } }),
        },
      },
      checks: [
        { name: 'fault rst fired', verdict: 'pass', expected: '>= 1', actual: '5' },
        { name: 'client plain success_rate', verdict: 'fail', expected: '>= 99%', actual: '95%' },
        { name: 'log lb contains "\u001b[31mreset"', verdict: 'fail', expected: '>= 1', actual: '0' },
      ],
    }),
    scenario({
      id: 'never-fired',
      title: 'The fault had no occasion',
      verdict: 'inconclusive',
      reason: 'fault rst never fired: nothing was shown',
      faults: [{ id: 'rst', on: 'app1', at: 'request_head', effect: 'reset', fired: 0 }],
      clients: { plain: metrics({ '200': 1 }) },
      checks: [{ name: 'fault rst fired', verdict: 'inconclusive', expected: '>= 1', actual: '0' }],
    }),
    scenario({
      id: 'untold',
      title: 'A fault that nobody can count',
      verdict: 'pass',
      duration_ms: 0.04,
      verdicts: { pass: 20 },
      faults: [{ id: 'gone', on: 'app1', at: 'connect', effect: 'refuse', fired: null }],
      trace: ['request r1', '  lb → app1  connection_refused'],
    }),
    scenario({
      id: 'no-nginx',
      title: 'Needs a program that is not there',
      verdict: 'skipped',
      reason: 'nginx is not installed: apt-get install nginx',
      duration_ms: 0,
      faults: [],
    }),
    scenario({
      id: 'broken',
      title: 'Something outside the experiment went wrong',
      verdict: 'error',
      reason: 'lb could not listen on port 8080: it is taken',
      faults: [],
    }),
  ],
}
