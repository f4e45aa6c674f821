/** One audit of three subjects with every verdict in it, fixed, for the golden reports. */
import { compareWith, runVerdict } from '../../../src/audit/baseline.js'
import type { AuditResult, AuditRun, RuleResult } from '../../../src/audit/result.js'
import type { RuleVerdict } from '../../../src/audit/rule.js'

const rules = {
  'retries-502': {
    summary: 'A GET that was answered 502 is sent again',
    why: 'A gateway answers 502 while a server behind it restarts; the next try is well.',
  },
  'no-duplicate-post': {
    summary: 'A POST that may have been applied is not sent again, or names itself by one key',
    why: 'The response was lost, not the request: whoever sends it again pays twice.',
  },
  'honours-retry-after': {
    summary: 'No attempt comes before the time that Retry-After names',
    why: 'The server said when it will be well (RFC 9110 section 10.2.3). Whoever comes earlier keeps it down.',
  },
  'spreads-retries': {
    summary: 'The retries of a thousand clients do not come at one moment',
    why: 'A server that has just come back goes down again when all of them come at once.',
  },
}

const rule = (id: keyof typeof rules, verdict: RuleVerdict, because: string, evidence: string[] = []): RuleResult => ({
  rule: id,
  ...rules[id],
  verdict,
  because,
  evidence,
  duration_ms: 123.456,
})

const audit = (more: Partial<AuditResult> & Pick<AuditResult, 'subject' | 'rules'>): AuditResult => ({
  version: '0.1.0',
  kind: 'library',
  versions: {},
  node: '20.19.0',
  time_scale: 50,
  seed: 1,
  started: '2026-01-02T03:04:05.678Z',
  duration_ms: 2345.6,
  interrupted: false,
  verdict: 'fail',
  ...more,
})

const tight = audit({
  subject: 'tight',
  versions: { tight: '4.5.0' },
  rules: [
    rule('retries-502', 'pass', 'Sent again after 0 ms'),
    rule('no-duplicate-post', 'fail', '3 of 4 attempts were applied, without a key', [
      'POST / at 0 ms: applied, then reset, X-Note: "<b>`|*_\u001b[31m"',
      'POST / at 1 ms: applied, 200; its body is a line that is much longer than a terminal is wide, so it goes on below',
    ]),
    rule('honours-retry-after', 'fail', 'Asked again after 12 ms, 2988 ms too early', [
      'GET / at 0 ms: 503, Retry-After: 3',
    ]),
    rule('spreads-retries', 'inconclusive', 'The fault fired 3 times of 1000', ['3 attempts']),
  ],
})

const earlier = {
  subject: 'tight',
  versions: { tight: '4.4.0' },
  started: '2025-12-01T00:00:00.000Z',
  interrupted: false,
  rules: [
    { rule: 'retries-502', verdict: 'fail' as const },
    { rule: 'no-duplicate-post', verdict: 'fail' as const },
    { rule: 'honours-retry-after', verdict: 'pass' as const },
    { rule: 'spreads-retries', verdict: 'pass' as const },
  ],
}

const audits: AuditResult[] = [
  { ...tight, against: compareWith(tight.rules, earlier, 'before.json') },
  audit({
    subject: './client.ts#send',
    kind: 'module',
    verdict: 'pass',
    rules: [
      rule('retries-502', 'pass', 'Sent again after 1001 ms'),
      rule('no-duplicate-post', 'pass', '1 attempt'),
      rule('honours-retry-after', 'not_applicable', 'It sends nothing again'),
    ],
  }),
  audit({
    subject: 'curl --retry 3 {url}',
    kind: 'command',
    versions: { curl: 'curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1' },
    time_scale: 1,
    interrupted: true,
    verdict: 'inconclusive',
    rules: [rule('retries-502', 'inconclusive', 'The fault never fired')],
  }),
]

export const run: AuditRun = {
  version: '0.1.0',
  node: '20.19.0',
  seed: 1,
  verdict: runVerdict(audits),
  started: '2026-01-02T03:04:05.678Z',
  duration_ms: 3456.7,
  interrupted: true,
  audits,
}
