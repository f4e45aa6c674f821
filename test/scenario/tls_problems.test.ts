/** What the schema refuses of TLS, told in our words: the lines that were changed, and every problem of the file. */
import { test } from 'tap'
import { alertIds } from '../../src/core/tls.js'
import { oneOf, problemsOf, withLines } from './problems.js'

type Row = [what: string, changes: Record<number, string>, problems: string[]]

const rows: Row[] = [
  [
    'unknown version of TLS',
    { 4: '  app1: { kind: origin, tls: { min_version: TLSv1.1 } }' },
    ['4:45: hops.app1.tls.min_version: unknown min_version "TLSv1.1", did you mean "TLSv1.2"?'],
  ],
  [
    'unknown cipher',
    { 7: '  lb: { kind: proxy, to: [app1, fw], upstream_tls: { ciphers: [ECDHE-ECDSA-AES128-GCM-SHA265] } }' },
    [
      '7:64: hops.lb.upstream_tls.ciphers[0]: unknown cipher "ECDHE-ECDSA-AES128-GCM-SHA265", did you mean "ECDHE-ECDSA-AES128-GCM-SHA256"?',
    ],
  ],
  [
    'text for a list of ciphers',
    { 9: '  plain: { to: lb, tls: { ciphers: AES128-SHA } }' },
    ['9:36: clients.plain.tls.ciphers: expected a list; got "AES128-SHA", write [AES128-SHA]'],
  ],
  [
    'versions in the wrong order',
    { 4: '  app1: { kind: origin, tls: { min_version: TLSv1.3, max_version: TLSv1.2 } }' },
    ['4:30: hops.app1.tls: these versions and ciphers leave no version of TLS to speak'],
  ],
  [
    'ciphers of another version',
    {
      11: '  - { id: rst, on: app2, at: handshake, effect: { type: tls, min_version: TLSv1.3, ciphers: [AES128-SHA] } }',
    },
    ['11:49: faults[0].effect: these versions and ciphers leave no version of TLS to speak'],
  ],
  [
    'another TLS that is none',
    { 11: '  - { id: rst, on: app2, at: handshake, effect: { type: tls } }' },
    [
      '11:41: faults[0].effect.min_version: missing key "min_version": expected at least one of min_version, max_version, ciphers, client_certificate',
    ],
  ],
  [
    'another TLS, by name alone',
    { 11: '  - { id: rst, on: app2, at: handshake, effect: tls }' },
    ['11:49: faults[0].effect: effect "tls" needs more than its name: write { type: tls, min_version: … }'],
  ],
  [
    'address for a server name',
    { 7: '  lb: { kind: proxy, to: [app1, fw], upstream_tls: { server_name: 127.0.0.1 } }' },
    ['7:67: hops.lb.upstream_tls.server_name: expected a host name, no address; got "127.0.0.1"'],
  ],
  [
    'unknown profile',
    { 9: '  plain: { to: lb, tls: { profile: pyton_like } }' },
    ['9:36: clients.plain.tls.profile: unknown TLS profile "pyton_like", did you mean "python_like"?'],
  ],
  [
    'profile and what a profile says',
    {
      7: '  lb: { kind: proxy, to: [app1, fw], upstream_tls: { profile: modern, min_version: TLSv1.3, ciphers: [AES128-SHA, TLS_AES_128_GCM_SHA256] } }',
    },
    [
      '7:84: hops.lb.upstream_tls.min_version: the profile "modern" says which versions and ciphers it offers: take out min_version, or the profile',
      '7:102: hops.lb.upstream_tls.ciphers: the profile "modern" says which versions and ciphers it offers: take out ciphers, or the profile',
    ],
  ],
  [
    'number of an alert that there is not',
    { 11: '  - { id: rst, on: app2, at: client_hello, effect: { type: alert, id: 200 } }' },
    [`11:71: faults[0].effect.id: ${oneOf(alertIds.map(String))}; got 200`],
  ],
]

for (const [what, changes, problems] of rows) {
  test(what, async (t) => t.strictSame(problemsOf(withLines(changes)), problems))
}
