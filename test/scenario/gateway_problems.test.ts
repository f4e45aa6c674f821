/** What is wrong with a gateway, told with its place. */
import { test } from 'tap'
import { problemsOf, withLines } from './problems.js'

/** Column and message of what is wrong with a gateway in the place of `lb`; its first key begins at column 8. */
const gateways: [what: string, gateway: string, problems: string[]][] = [
  ['one with everything', '{ kind: gateway, to: [app1, fw], users: [{ name: a, password: b }], ports: [80, 443] }', []],
  [
    'nobody to be asked for',
    '{ kind: gateway, to: [] }',
    ['28: hops.lb.to: expected a list that is not empty; got an empty list'],
  ],
  [
    'a hop that is none',
    '{ kind: gateway, to: [app3] }',
    ['29: hops.lb.to[0]: unknown hop "app3", did you mean "app1"?'],
  ],
  ['itself', '{ kind: gateway, to: [lb] }', ['29: hops.lb.to[0]: the hops form a loop: lb -> lb']],
  ['one hop twice', '{ kind: gateway, to: [app1, app1] }', ['35: hops.lb.to[1]: "app1" is in the list twice']],
  [
    'a user with a colon, and one twice',
    '{ kind: gateway, to: [app1], users: [{ name: "a:b", password: x }, { name: c, password: x }, { name: c, password: y }] }',
    [
      '52: hops.lb.users[0].name: expected a name without a colon; got "a:b"',
      '108: hops.lb.users[2].name: the user "c" is in the list twice',
    ],
  ],
  [
    'ports that are none',
    '{ kind: gateway, to: [app1], ports: [0] }',
    ['44: hops.lb.ports[0]: expected at least 1; got 0'],
  ],
  [
    'limits of nothing',
    '{ kind: gateway, to: [app1], limits: { total: 0 } }',
    ['53: hops.lb.limits.total: expected at least 1; got 0'],
  ],
  [
    'exits that another machine has',
    '{ kind: gateway, to: [app1], exits: [{ network: 10.0.0.0/24, count: 1 }] }',
    ['55: hops.lb.exits[0].network: expected a network of 127.0.0.0/8, such as 127.11.1.0/24; got "10.0.0.0/24"'],
  ],
  [
    'profiles, and options beside them that nobody would heed',
    '{ kind: gateway, to: [app1], profiles: [node], upstream_tls: { min_version: TLSv1.3, verify: false } }',
    ['83: hops.lb.upstream_tls.min_version: profiles say what is offered: take out min_version, or profiles'],
  ],
]

test('gateways', async (t) => {
  for (const [what, gateway, problems] of gateways) {
    t.same(
      problemsOf(withLines({ 7: `  lb: ${gateway}` })),
      problems.map((problem) => `7:${problem}`),
      what,
    )
  }
})

test('nobody can ask a gateway for a unix socket', async (t) => {
  const text = withLines({ 4: '  app1: { kind: origin, socket: true }', 7: '  lb: { kind: gateway, to: [app1, fw] }' })
  t.same(problemsOf(text.replace('effect: reset', 'effect: close')), [
    '7:29: hops.lb.to[0]: "app1" is at a unix socket: nobody can ask a gateway for that',
  ])
})
