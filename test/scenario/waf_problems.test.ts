/** What is wrong with the rules and bans of a firewall, told in our words. */
import { test } from 'tap'
import { problemsOf } from './problems.js'

const scenario = (waf: string, more = ''): string => `id: x
title: A firewall
hops:
  app: { kind: origin, tls: true }
  fw:
    kind: waf
    to: app
${waf.replace(/^/gm, '    ')}
clients:
  plain: { to: fw }
expect:
  - { client: plain, status: 200, count: "= 1" }
${more}`

type Row = [what: string, waf: string, problems: string[], expect?: string]

const HTTP = 'and "fw" passes TLS on unread: set tls: true in hops.fw, and it ends TLS'

const rows: Row[] = [
  [
    'unknown profile',
    'rules:\n  - { id: a, when: { profile: [modern, pyton_like] }, action: reset }',
    ['9:44: hops.fw.rules[0].when.profile[1]: unknown TLS profile "pyton_like", did you mean "python_like"?'],
  ],
  [
    'malformed network',
    'rules:\n  - { id: a, when: { network: 127.11.1.7/24 }, action: reset }',
    [
      '9:35: hops.fw.rules[0].when.network: expected a network, such as 127.11.1.0/24, with no bit set behind its prefix; got "127.11.1.7/24"',
    ],
  ],
  [
    'malformed hashes',
    `rules:\n  - { id: a, when: { ja3: ${'A'.repeat(32)}, ja4: [t13d1516] }, action: reset }`,
    [
      `9:31: hops.fw.rules[0].when.ja3: expected a JA3: 32 hexadecimal digits in lower case; got "${'A'.repeat(32)}"`,
      '9:71: hops.fw.rules[0].when.ja4[0]: expected a JA4, such as t13d1516h2_8daaf6152771_e5627efa2ab1, or a part of one with * for the rest; got "t13d1516"',
    ],
  ],
  [
    'one id for two rules, and one that is never there',
    'rules:\n  - { id: a, action: reset }\n  - { id: a, action: close, from: 2s, until: 1s }',
    [
      '10:15: hops.fw.rules[1].id: the id "a" is taken by rules[0]',
      '10:50: hops.fw.rules[1].until: the rule is never there: from 2s is not before until 1s',
    ],
  ],
  [
    'bans without rules',
    'bans: { after: 3 }',
    ['8:5: hops.fw.bans: bans come of the hits of rules, and there are none: expected rules'],
  ],
  [
    'bans in the wrong order',
    'tls: true\nrules:\n  - { id: a, action: reset }\nbans: { widen: [subnet, address] }',
    [
      '11:20: hops.fw.bans.widen: expected them from the narrowest to the widest, each once: fingerprint_on_address, address, subnet; got a list',
    ],
  ],
  [
    'what is told of HTTP, where TLS passes unread',
    `rules:
  - { id: a, when: { user_agent: "bot*" }, unless: { path: /open }, action: reset }
  - { id: b, when: { ja4: "t13*" }, action: { type: respond, status: 403 } }
  - { id: c, when: { rate: { over: 3, within: 1s } }, action: reset }
  - { id: d, when: { rate: { over: 3, within: 1s, of: connections } }, action: tarpit }
bans: { action: challenge }`,
    [
      `9:26: hops.fw.rules[0].when.user_agent: "user_agent" is told of HTTP, ${HTTP}`,
      `9:58: hops.fw.rules[0].unless.path: "path" is told of HTTP, ${HTTP}`,
      `10:41: hops.fw.rules[1].action: respond answers HTTP, ${HTTP}`,
      `11:26: hops.fw.rules[2].when.rate: "rate" is told of HTTP, ${HTTP}`,
      `13:13: hops.fw.bans.action: challenge answers HTTP, ${HTTP}`,
    ],
  ],
  [
    'the same, where it ends TLS',
    'tls: true\nrules:\n  - { id: a, when: { user_agent: "bot*" }, action: respond }',
    [],
  ],
  [
    'unknown action and condition',
    'rules:\n  - { id: a, when: { ja5: x }, action: rset }',
    [
      '9:26: hops.fw.rules[0].when.ja5: unknown key "ja5", did you mean "ja3"?',
      '9:44: hops.fw.rules[0].action: unknown action "rset", did you mean "reset"?',
    ],
  ],
  [
    'a rule that an expectation does not find',
    'rules:\n  - { id: bots, action: reset }',
    [
      '14:22: expect[1].rule: unknown rule "bot", did you mean "bots"?',
      '15:12: expect[2].waf: "app" is an origin, not a waf, expected one of: fw',
    ],
    '  - { waf: fw, rule: bot, hits: "= 1" }\n  - { waf: app, scope: address, bans: "= 1" }\n',
  ],
]

for (const [what, waf, problems, expect] of rows) {
  test(what, async (t) => t.strictSame(problemsOf(scenario(waf, expect)), problems))
}
