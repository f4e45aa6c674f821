/** Comparisons: what is read, what is refused and how, when they hold, and how a value is shown beside one. */
import fc from 'fast-check'
import { test } from 'tap'
import { type Comparison, comparison, holds, holdsWithin, shown, type Unit } from '../../src/checks/comparison.js'

const wanted = (text: string | number, ...units: [Unit, ...Unit[]]): Comparison => comparison(...units).parse(text)

const readable: [text: string | number, unit: Unit, read: Omit<Comparison, 'unit'>][] = [
  ['>= 1', 'count', { op: '>=', value: 1, text: '>= 1' }],
  ['<=1', 'count', { op: '<=', value: 1, text: '<= 1' }],
  [5, 'count', { op: '=', value: 5, text: '= 5' }],
  [0, 'count', { op: '=', value: 0, text: '= 0' }],
  ['< 1.5', 'number', { op: '<', value: 1.5, text: '< 1.5' }],
  ['>= 99.9%', 'share', { op: '>=', value: 0.999, text: '>= 99.9%' }],
  ['= 100%', 'share', { op: '=', value: 1, text: '= 100%' }],
  ['<= 1.5s', 'duration', { op: '<=', value: 1500, text: '<= 1.5s' }],
  ['= 64KB', 'size', { op: '=', value: 65536, text: '= 64KB' }],
]
test('comparisons are read in the unit that was asked for', async (t) => {
  for (const [text, unit, read] of readable) {
    const { value, ...rest } = wanted(text, unit)
    t.same(rest, { op: read.op, unit, text: read.text })
    t.ok(Math.abs(value - read.value) < 1e-12, `${text}`)
  }
  t.match(wanted(17, 'count', 'size'), { unit: 'count', value: 17 })
  t.match(wanted('= 17B', 'count', 'size'), { unit: 'size', value: 17 })
})

const unreadable: [text: unknown, unit: Unit][] = [
  ['5', 'count'],
  ['>= 1.5', 'count'],
  ['>= -1', 'count'],
  [-1, 'count'],
  [1.5, 'count'],
  ['=> 1', 'count'],
  ['== 1', 'count'],
  ['> = 1', 'count'],
  ['>= 1\n', 'count'],
  [true, 'count'],
  [undefined, 'count'],
  ['>= 95', 'share'],
  [95, 'share'],
  ['>= 101%', 'share'],
  ['<= 250', 'duration'],
  ['<= 250ms', 'count'],
]
test('anything else is refused with an example of that unit', async (t) => {
  const example: Partial<Record<Unit, string>> = { count: '>= 1', share: '>= 99%', duration: '<= 250ms' }
  for (const [text, unit] of unreadable) {
    const { error } = comparison(unit).safeParse(text)
    t.equal(error?.issues.length, 1, `${text} as ${unit}`)
    t.equal(error?.issues[0]?.message, `expected a comparison such as "${example[unit]}"`)
  }
})

test('a share that is met exactly is met, though 999/1000 is not 99.9/100 in binary', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), fc.nat(1000), (total, perMille) => {
      const share = (total * perMille) / (total * 1000)
      return ['>=', '<=', '='].every((op) => holds(wanted(`${op} ${perMille / 10}%`, 'share'), share))
    }),
  )
  t.ok(holds(wanted('>= 99.9%', 'share'), 999 / 1000))
  t.notOk(holds(wanted('> 99.9%', 'share'), 999 / 1000))
  t.notOk(holds(wanted('< 99.9%', 'share'), 999 / 1000))
})

test('what is shown lies on the same side of the limit as what was measured', async (t) => {
  const near = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(fc.constantFrom('>=', '<=', '>', '<', '='), fc.nat(100), near, (op, percent, value) => {
      const limit = wanted(`${op} ${percent}%`, 'share')
      return holds(limit, Number(shown(limit, value).replace('%', '')) / 100) === holds(limit, value)
    }),
  )
  t.equal(shown(wanted('>= 99%', 'share'), 0.98997), '98.997%')
  t.equal(shown(wanted('>= 99%', 'share'), 1 / 3), '33.3%')
  t.equal(shown(wanted('<= 250ms', 'duration'), 250.04), '250.04ms')
  t.equal(shown(wanted('<= 1.5', 'number'), 4 / 3), '1.33')
})

test('a range satisfies a comparison wholly, not at all, or it depends', async (t) => {
  const rows: [text: string, low: number, high: number, all: boolean | undefined][] = [
    ['>= 1', 1, 9, true],
    ['>= 5', 1, 9, undefined],
    ['>= 10', 1, 9, false],
    ['= 5', 1, 9, undefined],
    ['= 5', 5, 5, true],
    ['= 5', 6, 9, false],
    ['<= 5', 6, Number.POSITIVE_INFINITY, false],
    ['>= 1', 0, Number.POSITIVE_INFINITY, undefined],
  ]
  for (const [text, low, high, all] of rows) t.equal(holdsWithin(wanted(text, 'count'), low, high), all, text)
})
