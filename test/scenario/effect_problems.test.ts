/** What the schema refuses of effects with parameters, and of an origin's answers, told in our words. */
import { test } from 'tap'
import { problemsOf, withLines } from './problems.js'

type Row = [what: string, changes: Record<number, string>, problems: string[]]

const rows: Row[] = [
  [
    'send without bytes',
    { 11: `  - { id: rst, on: app1, at: request_head, effect: send }` },
    [`11:52: faults[0].effect: effect "send" needs more than its name: write { type: send, text: … }`],
  ],
  [
    'send without bytes, in the long form',
    { 11: `  - { id: rst, on: app1, at: request_head, effect: { type: send } }` },
    [`11:44: faults[0].effect.text: missing key "text": expected text or hex: the bytes to send`],
  ],
  [
    'send of two kinds',
    { 11: `  - { id: rst, on: app1, at: request_head, effect: { type: send, text: a, hex: "00" } }` },
    [`11:80: faults[0].effect.hex: send takes text or hex, not both`],
  ],
  [
    'send of half a byte',
    { 11: `  - { id: rst, on: app1, at: request_head, effect: { type: send, hex: "0" } }` },
    [`11:71: faults[0].effect.hex: expected pairs of hexadecimal digits, such as "16 03 01"; got "0"`],
  ],
  [
    'send of what is no byte',
    { 11: `  - { id: rst, on: app1, at: request_head, effect: { type: send, text: "ä€" } }` },
    [
      `11:72: faults[0].effect.text: expected characters up to U+00FF, each of which is a byte: write other bytes in hex; got "ä€"`,
    ],
  ],
  [
    'send of more than memory holds',
    {
      11: `  - { id: rst, on: app1, at: request_head, effect: { type: send, text: "${'a'.repeat(100)}", repeat: 1000000 } }`,
    },
    [`11:184: faults[0].effect.repeat: expected at most 64 MB to send in all; got 1000000`],
  ],
  [
    'send with an end that is none',
    { 11: `  - { id: rst, on: app1, at: request_head, effect: { type: send, hex: "00", end: keeep } }` },
    [`11:82: faults[0].effect.end: unknown end "keeep", did you mean "keep"?`],
  ],
  [
    'two bodies of an effect',
    { 11: `  - { id: rst, on: app1, at: request_head, effect: { type: respond, body: x, size: 2B } }` },
    [`11:84: faults[0].effect.size: a response takes a body or a size, not both`],
  ],
  [
    'a body beside an echo',
    { 11: `  - { id: rst, on: app1, at: request_head, effect: { type: respond, body: x, echo: true } }` },
    [`11:84: faults[0].effect.echo: a response takes a body or an echo, not both`],
  ],
  [
    'delay by nothing',
    { 11: `  - { id: rst, on: app1, at: request_head, effect: delay }` },
    [`11:52: faults[0].effect: effect "delay" needs more than its name: write { type: delay, by: … }`],
  ],
  [
    'unknown distribution',
    { 11: `  - { id: rst, on: app1, at: request_head, effect: { type: delay, by: { type: unifrm } } }` },
    [`11:79: faults[0].effect.by.type: unknown type "unifrm", did you mean "uniform"?`],
  ],
  [
    'throttle to nothing',
    { 11: '  - { id: rst, on: app1, at: response_head, effect: { type: throttle, chunk: 0B } }' },
    ['11:78: faults[0].effect.chunk: expected at least 1B; got "0B"'],
  ],
  [
    'a key of operations that is no header',
    { 4: '  app1: { kind: origin, operations: { key: "a b" } }' },
    ['4:44: hops.app1.operations.key: expected a token of HTTP; got "a b"'],
  ],
]

for (const [what, changes, problems] of rows) {
  test(what, async (t) => t.strictSame(problemsOf(withLines(changes)), problems))
}
