/** What is wrong with the servers of a proxy together, told with the place in the file. */
import { test } from 'tap'
import { problemsOf, withLines } from './problems.js'

/** Line 7 of the good scenario with these servers. */
const withProxy = (to: string, more = ''): string => withLines({ 7: `  lb: { kind: proxy, to: ${to}${more} }` })

const wrong: [what: string, to: string, more: string, problems: string[]][] = [
  [
    'a hash with a backup, as nginx refuses it',
    '[app1, { hop: fw, backup: true }]',
    ', balance: { type: hash, key: $uri }',
    ['7:52: hops.lb.to[1].backup: balance: hash takes no backup servers, in nginx neither'],
  ],
  [
    'ip_hash by its bare word',
    '[{ hop: app1, backup: true }, fw]',
    ', balance: ip_hash',
    ['7:48: hops.lb.to[0].backup: balance: ip_hash takes no backup servers, in nginx neither'],
  ],
  [
    'only backups',
    '[{ hop: app1, backup: true }, { hop: fw, backup: true }]',
    '',
    ['7:26: hops.lb.to: there are only backup servers, expected one that is none'],
  ],
  [
    'every server down',
    '[{ hop: app1, down: true }, { hop: fw, down: true }]',
    '',
    ['7:26: hops.lb.to: every server is down: expected one that is not'],
  ],
  [
    'one that joins when it has left',
    '[app1, { hop: fw, joins: 2s, leaves: 1500ms }]',
    '',
    ['7:63: hops.lb.to[1].leaves: it is never there: it leaves at 1500ms and joins at 2s'],
  ],
  [
    'a weight of zero',
    '[app1, { hop: fw, weight: 0 }]',
    '',
    ['7:52: hops.lb.to[1].weight: expected at least 1; got 0'],
  ],
  [
    'what is observed for checks that are not there',
    '[app1, fw]',
    ', passive_health: { type: haproxy, observe: layer7 }',
    [
      '7:80: hops.lb.passive_health.observe: observe: layer7 counts for health checks, and there are none: give the hop a health_check',
    ],
  ],
  [
    'more than one at once',
    '[{ hop: app1, weight: -1, down: true }, { hop: fw, down: true }]',
    '',
    [
      '7:26: hops.lb.to: every server is down: expected one that is not',
      '7:48: hops.lb.to[0].weight: expected at least 1; got -1',
    ],
  ],
]

for (const [what, to, more, problems] of wrong) {
  test(what, async (t) => t.strictSame(problemsOf(withProxy(to, more)), problems))
}

test('what is alike and is no mistake', async (t) => {
  const fine: [to: string, more: string][] = [
    ['[app1, { hop: fw, backup: true }]', ', balance: least_conn'],
    ['[app1, { hop: fw, backup: true, down: true }]', ''],
    ['[{ hop: app1, down: true }, { hop: fw, backup: true }]', ''],
    ['[app1, { hop: fw, joins: 1500ms, leaves: 2s }]', ''],
    ['[app1, fw]', ', passive_health: { type: haproxy, observe: none }'],
    ['[app1, fw]', ', passive_health: { type: haproxy, observe: layer4 }, health_check: tcp'],
    ['[app1, { hop: fw, weight: 1 }]', ', balance: { type: consistent_hash, key: $uri }'],
  ]
  for (const [to, more] of fine) t.strictSame(problemsOf(withProxy(to, more)), [], to)
})
