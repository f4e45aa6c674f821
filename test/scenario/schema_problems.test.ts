/** What the schema refuses, told in our words, as a table: the lines that were changed, and every problem of the file. */
import { test } from 'tap'
import { policies } from '../../src/core/client/policies/index.js'
import { certificateKinds } from '../../src/core/fault/effects/certificate.js'
import { triggers } from '../../src/core/fault/triggers/index.js'
import { clientSchema } from '../../src/scenario/clients.js'
import { scenarioSchema } from '../../src/scenario/schema.js'
import { fieldValue, oneOf, problemsOf, withLines } from './problems.js'

type Row = [what: string, changes: Record<number, string>, problems: string[]]

const rows: Row[] = [
  ['nothing', {}, []],
  [
    'unknown key of a fault',
    { 11: '  - { id: rst, on: app1, at: request_head, efect: reset }' },
    ['11:44: faults[0].efect: unknown key "efect", did you mean "effect"?'],
  ],
  [
    'unknown key with nothing near',
    { 9: '  plain: { to: lb, colour: red }' },
    [`9:20: clients.plain.colour: unknown key "colour", ${oneOf(Object.keys(clientSchema.shape))}`],
  ],
  ['unknown key of the file', { 10: 'fault:' }, ['10:1: fault: unknown key "fault", did you mean "faults"?']],
  [
    'two slips in one entry',
    { 13: '  - { fautl: rst, fird: ">= 1" }' },
    [
      '13:7: expect[0].fautl: unknown key "fautl", did you mean "fault"?',
      '13:19: expect[0].fird: unknown key "fird", did you mean "fired"?',
    ],
  ],
  [
    'missing key',
    { 9: '  plain: { load: { requests: 5 } }' },
    ['9:3: clients.plain.to: missing key "to": expected text'],
  ],
  ['missing key of the file', { 2: '' }, ['1:1: title: missing key "title": expected text']],
  [
    'control characters in what is printed in a line',
    { 2: 'title: "A\\n✓ fake  passed"\ntags: ["a\\e[31m"]\n"k\\e[31m": 1' },
    [
      '2:8: title: expected one line, without control characters; got "A\\n✓ fake  passed"',
      '3:8: tags[0]: expected one line, without control characters; got "a\\u001b[31m"',
      `4:1: k\uFFFD[31m: unknown key "k\uFFFD[31m", ${oneOf(Object.keys(scenarioSchema.shape))}`,
    ],
  ],
  [
    'missing kind',
    { 4: '  app1: { tls: false }' },
    ['4:3: hops.app1.kind: missing key "kind": expected one of: origin, waf, proxy, gateway'],
  ],
  [
    'slip in the key that tells the kind',
    { 4: '  app1: { knd: origin }' },
    ['4:11: hops.app1.knd: unknown key "knd", did you mean "kind"?'],
  ],
  [
    'unknown kind of hop',
    { 4: '  app1: { kind: orign }' },
    ['4:17: hops.app1.kind: unknown kind "orign", did you mean "origin"?'],
  ],
  [
    'unknown trigger',
    { 11: '  - { id: rst, on: app1, at: request_hed, effect: reset }' },
    ['11:30: faults[0].at: unknown trigger "request_hed", did you mean "request_head"?'],
  ],
  [
    'unknown effect',
    { 11: '  - { id: rst, on: app1, at: request_head, effect: RST }' },
    ['11:52: faults[0].effect: unknown effect "RST", did you mean "reset"?'],
  ],
  [
    'unknown effect, in the long form',
    { 11: '  - { id: rst, on: app1, at: request_head, effect: { type: rset } }' },
    ['11:60: faults[0].effect.type: unknown effect "rset", did you mean "reset"?'],
  ],
  [
    'effect that needs more',
    { 11: '  - { id: rst, on: app2, at: handshake, effect: certificate }' },
    ['11:49: faults[0].effect: effect "certificate" needs more than its name: write { type: certificate, kind: … }'],
  ],
  [
    'parameter of an effect',
    { 11: '  - { id: rst, on: app2, at: handshake, effect: { type: certificate, kind: old } }' },
    [`11:76: faults[0].effect.kind: unknown kind "old", ${oneOf(certificateKinds)}`],
  ],
  [
    'unknown policy',
    { 9: '  plain: { to: lb, retry: full_jiter }' },
    ['9:27: clients.plain.retry: unknown retry policy "full_jiter", did you mean "full_jitter"?'],
  ],
  [
    'parameter of a policy',
    { 9: '  plain: { to: lb, retry: { type: full_jitter, bas: 20ms } }' },
    ['9:48: clients.plain.retry.bas: unknown key "bas", did you mean "base"?'],
  ],
  [
    'kind of no type',
    { 9: '  plain: { to: lb, retry: { attempts: 4 } }' },
    [`9:20: clients.plain.retry.type: missing key "type": ${oneOf(Object.keys(policies))}`],
  ],
  [
    'kind that is a number',
    { 9: '  plain: { to: lb, retry: 4 }' },
    [`9:27: clients.plain.retry: ${oneOf(Object.keys(policies))}; got 4`],
  ],
  [
    'bare number for a duration',
    { 9: '  plain: { to: lb, timeout: 250 }' },
    ['9:29: clients.plain.timeout: expected a duration with its unit, such as 250ms, 10s or 2m; got 250'],
  ],
  [
    'source that is not this machine',
    { 9: '  plain: { to: lb, source: 10.0.0.1 }' },
    ['9:28: clients.plain.source: expected an address of 127.0.0.0/8, such as 127.0.0.9; got "10.0.0.1"'],
  ],
  [
    'capacity of nothing',
    { 4: '  app1: { kind: origin, capacity: { workers: 0, when_full: 504 } }' },
    [
      '4:25: hops.app1.capacity.service_time: missing key "service_time": expected a duration with its unit, such as 250ms, 10s or 2m or a mapping',
      '4:46: hops.app1.capacity.workers: expected at least 1; got 0',
      '4:60: hops.app1.capacity.when_full: expected one of: queue, 503, reset, stop_accepting; got 504',
    ],
  ],
  [
    'strictness of another kind',
    { 4: '  app1: { kind: origin, request_framing: { without_length: reset } }' },
    [
      '4:60: hops.app1.request_framing.without_length: unknown without_length "reset", expected one of: accept, 411, close',
    ],
  ],
  [
    'wrong unit',
    { 9: '  plain: { to: lb, timeout: 250 msec }' },
    ['9:29: clients.plain.timeout: expected a duration with its unit, such as 250ms, 10s or 2m; got "250 msec"'],
  ],
  [
    'duration that no timer can wait',
    { 9: '  plain: { to: lb, timeout: 600h }' },
    ['9:29: clients.plain.timeout: expected at most 500h; got "600h"'],
  ],
  [
    'nothing for a duration',
    { 9: '  plain: { to: lb, timeout: }' },
    ['9:29: clients.plain.timeout: expected a duration with its unit, such as 250ms, 10s or 2m; got nothing'],
  ],
  [
    'bare number for a rate',
    { 9: '  plain: { to: lb, load: { rate: 50, for: 2s } }' },
    ['9:34: clients.plain.load.rate: expected a rate with its unit, such as 50/s or 600/m; got 50'],
  ],
  [
    'bare number for a size',
    { 4: '  app1: { kind: origin, response: { size: 17 } }' },
    ['4:43: hops.app1.response.size: expected a size with its unit, such as 17B or 64KB; got 17'],
  ],
  [
    'size that no memory holds',
    { 4: '  app1: { kind: origin, response: { size: 2GB } }' },
    ['4:43: hops.app1.response.size: expected at most 1GB; got "2GB"'],
  ],
  [
    'share above 100 %',
    { 11: '  - { id: rst, on: app1, at: request_head, effect: reset, probability: 500% }' },
    ['11:72: faults[0].probability: expected a share, such as 5% or 100%; got "500%"'],
  ],
  [
    'number out of range',
    { 11: '  - { id: rst, on: app1, at: request_head, effect: reset, first: 0 }' },
    ['11:66: faults[0].first: expected at least 1; got 0'],
  ],
  [
    'number too large',
    { 4: '  app1: { kind: origin, port: 70000 }' },
    ['4:31: hops.app1.port: expected at most 65535; got 70000'],
  ],
  [
    'number with a fraction',
    { 4: '  app1: { kind: origin, port: 80.5 }' },
    ['4:31: hops.app1.port: expected a whole number; got 80.5'],
  ],
  [
    'number in quotes',
    { 4: '  app1: { kind: origin, port: "8080" }' },
    ['4:31: hops.app1.port: expected a number; got "8080", write 8080 without quotes'],
  ],
  [
    'text without quotes',
    { 9: '  plain: { to: lb, request: { headers: { x-n: 5 } } }' },
    ['9:47: clients.plain.request.headers.x-n: expected text; got 5, write "5" in quotes'],
  ],
  [
    'yes for true',
    { 4: '  app1: { kind: origin, tls: yes }' },
    ['4:30: hops.app1.tls: expected true or false or a mapping; got "yes"'],
  ],
  [
    'text for a list',
    { 7: '  lb: { kind: proxy, to: fw }' },
    ['7:26: hops.lb.to: expected a list; got "fw", write [fw]'],
  ],
  [
    'empty list',
    { 7: '  lb: { kind: proxy, to: [] }' },
    ['7:26: hops.lb.to: expected a list that is not empty; got an empty list'],
  ],
  ['empty text', { 2: 'title: ""' }, ['2:8: title: expected text that is not empty; got ""']],
  ['list for a mapping', { 9: '  plain: [lb]' }, ['9:10: clients.plain: expected a mapping; got a list']],
  [
    'name in capitals',
    {
      4: '  App1: { kind: origin }',
      7: '  lb: { kind: proxy, to: [App1, fw] }',
      10: '',
      11: '',
      13: '  - { client: plain, truncated: 0 }',
    },
    ['4:3: hops.App1: expected lower-case letters, digits, - and _, a letter first; got "App1"'],
  ],
  [
    'path without slash',
    { 9: '  plain: { to: lb, request: { path: index } }' },
    ['9:37: clients.plain.request.path: expected a path that starts with /; got "index"'],
  ],
  ...[
    ['a space', '/a b'],
    ['a line break', '/a\\r\\nX: 1'],
    ['a character beyond ASCII', '/ü'],
  ].map(([what, path]): [string, Record<number, string>, string[]] => [
    `path with ${what}`,
    { 9: `  plain: { to: lb, request: { path: "${path}" }, health_first: { path: "${path}" } }` },
    [37, 37 + path!.length + 28].map(
      (column, index) =>
        `9:${column}: clients.plain.${index ? 'health_first' : 'request'}.path: expected a path without spaces, control characters and characters above \\x7e: percent-encode them, as %20; got "${path}"`,
    ),
  ]),
  [
    'field values that no field has, and a name',
    {
      4: '  app1: { kind: origin, health: /he alth, response: { headers: { x-o: "a\\nb", "x o": c } } }',
      9: '  plain: { to: lb, request: { headers: { x-a: "caf€", x-b: "a\\r\\nx-c: c", x-d: "caf\\xe9\\t" } } }',
      11: '  - { id: rst, on: app1, at: request_head, effect: { type: respond, headers: { x-r: "a\\0" } } }',
    },
    [
      '4:33: hops.app1.health: expected a path without spaces, control characters and characters above \\x7e: percent-encode them, as %20; got "/he alth"',
      `4:71: hops.app1.response.headers.x-o: ${fieldValue}; got "a\\nb"`,
      '4:79: hops.app1.response.headers.x o: expected a token of HTTP; got "x o"',
      `9:47: clients.plain.request.headers.x-a: ${fieldValue}; got "caf€"`,
      `9:60: clients.plain.request.headers.x-b: ${fieldValue}; got "a\\r\\nx-c: c"`,
      `11:85: faults[0].effect.headers.x-r: ${fieldValue}; got "a\\u0000"`,
    ],
  ],
  [
    'an id that no file can be named after',
    { 1: `id: ${'a'.repeat(101)}` },
    [`1:5: id: expected at most 100 characters; got "${'a'.repeat(57)}…"`],
  ],
  [
    'unknown metric',
    { 13: '  - { client: plain, metric: sucess_rate, is: ">= 5%" }' },
    ['13:30: expect[0].metric: unknown metric "sucess_rate", did you mean "success_rate"?'],
  ],
  [
    'metric in another unit',
    { 13: '  - { client: plain, metric: success_rate, is: ">= 5" }' },
    ['13:48: expect[0].is: success_rate is a share: expected a comparison such as ">= 99%", not ">= 5"'],
  ],
  [
    'comparison that is none',
    { 13: '  - { fault: rst, fired: "=> 1" }' },
    ['13:26: expect[0].fired: expected a comparison such as ">= 1"; got "=> 1"'],
  ],
  [
    'status that is none',
    { 13: '  - { client: plain, status: 5xx, count: 5 }' },
    ['13:30: expect[0].status: expected a number; got "5xx"'],
  ],
]

for (const [what, changes, problems] of rows) {
  test(what, async (t) => t.strictSame(problemsOf(withLines(changes)), problems))
}

test('several problems in one file come at once, by line', async (t) => {
  const text = withLines({
    4: '  app1: { kind: orign }',
    7: '  lb: { kind: proxy, to: [ap1, fw], timeouts: { read: 150 } }',
    9: '  plain: { to: bl, lod: { requests: 5 } }',
    11: '  - { id: rst, on: app3, at: request_head, effect: refuse, window: { from: 1 } }',
    13: '  - { fault: rts, fired: many }',
  })
  t.strictSame(problemsOf(text), [
    '4:17: hops.app1.kind: unknown kind "orign", did you mean "origin"?',
    '7:27: hops.lb.to[0]: unknown hop "ap1", did you mean "app1"?',
    '7:55: hops.lb.timeouts.read: expected a duration with its unit, such as 250ms, 10s or 2m; got 150',
    '9:16: clients.plain.to: unknown hop "bl", did you mean "lb"?',
    '9:20: clients.plain.lod: unknown key "lod", did you mean "load"?',
    '11:20: faults[0].on: unknown hop "app3", did you mean "app1"?',
    `11:52: faults[0].effect: refuse can't happen at request_head, ${oneOf(triggers.request_head.effects)}`,
    '11:76: faults[0].window.from: expected a duration with its unit, such as 250ms, 10s or 2m; got 1',
    '13:14: expect[0].fault: unknown fault "rts", did you mean "rst"?',
    '13:26: expect[0].fired: expected a comparison such as ">= 1"; got "many"',
  ])
})
