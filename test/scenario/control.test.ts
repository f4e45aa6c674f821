/** The control of a scenario: the patch that takes its cause away, and what may be wrong with it. */
import { test } from 'tap'
import { mergePatch } from '../../src/scenario/control.js'
import { parseScenario } from '../../src/scenario/parse.js'
import { GOOD, problemsOf } from './problems.js'

test('a patch merges mappings, replaces the rest, and takes away what is null (RFC 7396, appendix A)', async (t) => {
  const table: [target: unknown, patch: unknown, result: unknown][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ a: 'foo' }, 'bar', 'bar'],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ]
  for (const [target, patch, result] of table) t.strictSame(mergePatch(target, patch), result, JSON.stringify(patch))
})

test('the control is a scenario of its own, without the cause', async (t) => {
  const scenario = parseScenario(`${GOOD}control: { hops: { lb: { to: [app1] }, fw: null, app2: null } }\n`, 'x')
  t.strictSame(Object.keys(scenario.control?.hops ?? {}), ['app1', 'lb'])
  t.strictSame(Object.keys(scenario.hops), ['app1', 'app2', 'fw', 'lb'])
  t.equal(scenario.control?.control, undefined)
})

test('what is wrong with a patch is told at its own place', async (t) => {
  const problems = (control: string) => problemsOf(`${GOOD}control: ${control}\n`)
  t.strictSame(problems('{ hops: { lb: { balance: round_rubin } } }'), [
    '14:35: control.hops.lb.balance: unknown balancer "round_rubin", did you mean "round_robin"?',
  ])
  t.strictSame(problems('{ hops: { app1: null } }'), [
    '14:10: control: with it, faults[0].on: unknown hop "app1", did you mean "app2"?',
    '14:18: control.hops: with it, hops.lb.to[0]: unknown hop "app1", did you mean "app2"?',
  ])
  t.strictSame(
    problemsOf(`${GOOD.replace('effect: reset', 'effect: rset')}control: { hops: { nope: { kind: orign } } }\n`),
    [
      '11:52: faults[0].effect: unknown effect "rset", did you mean "reset"?',
      '14:34: control.hops.nope.kind: unknown kind "orign", did you mean "origin"?',
    ],
    'beside what is wrong without it, and that once',
  )
  t.match(problems('off'), ['14:10: control: expected a mapping; got "off"'])
})
