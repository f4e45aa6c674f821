/** Quantities as people write them: what is written comes back, and nothing else is taken for one. */
import fc from 'fast-check'
import { test } from 'tap'
import { duration, rate, share, size } from '../../src/lib/quantity.js'
import { formatMs, parseDurationMs, parseRatePerSecond, parseShare, parseSizeBytes } from '../../src/lib/units.js'

type Parse = (text: string) => number | undefined

const units: [parse: Parse, sign: string, scale: number][] = [
  [parseDurationMs, 'us', 0.001],
  [parseDurationMs, 'ms', 1],
  [parseDurationMs, 's', 1000],
  [parseDurationMs, 'm', 60_000],
  [parseDurationMs, 'h', 3_600_000],
  [parseSizeBytes, 'B', 1],
  [parseSizeBytes, 'KB', 1024],
  [parseSizeBytes, 'MB', 1024 ** 2],
  [parseSizeBytes, 'GB', 1024 ** 3],
  [parseRatePerSecond, '/s', 1],
  [parseRatePerSecond, '/m', 1 / 60],
  [parseRatePerSecond, '/h', 1 / 3600],
]

test('what is written in a unit comes back in the base unit', async (t) => {
  for (const [parse, sign, scale] of units) {
    fc.assert(fc.property(fc.nat(1_000_000), (n) => near(parse(`${n}${sign}`), n * scale)))
  }
  fc.assert(fc.property(fc.integer({ min: 0, max: 10_000 }), (n) => near(parseShare(`${n / 100}%`), n / 10_000)))
  t.pass()
})

test('fractions are possible where they mean something', async (t) => {
  t.equal(parseDurationMs('1.5s'), 1500)
  t.equal(parseRatePerSecond('0.5/s'), 0.5)
  t.equal(parseShare('0.1%'), 0.001)
  t.equal(parseSizeBytes('1.5KB'), undefined)
})

test('a share is at most all', async (t) => {
  t.equal(parseShare('100%'), 1)
  t.equal(parseShare('100.0%'), 1)
  for (const text of ['100.1%', '101%', '1000%']) t.equal(parseShare(text), undefined, text)
})

const strangers = [
  '',
  '250',
  '250 ms',
  ' 1s',
  '1s ',
  '1S',
  '-1s',
  '+1s',
  '1e3s',
  '.5s',
  '1.s',
  '0x1s',
  '1,5s',
  '٣s',
  '1s\n',
]

test('text without a unit, or with another one, is no quantity', async (t) => {
  for (const text of strangers) t.equal(parseDurationMs(text), undefined, JSON.stringify(text))
  for (const text of ['64', '64kb', '64 KB', '64K', '-1B']) t.equal(parseSizeBytes(text), undefined, text)
  for (const text of ['50', '50/', '50s', '50/d', '-1/s']) t.equal(parseRatePerSecond(text), undefined, text)
  for (const text of ['5', '0.05', '5 %', '-5%']) t.equal(parseShare(text), undefined, text)
})

test('one quantity is never taken for another', async (t) => {
  const written = fc
    .tuple(fc.nat(99), fc.constantFrom(...units.map(([, sign]) => sign), '%'))
    .map(([n, sign]) => `${n}${sign}`)
  const parsers: Parse[] = [parseDurationMs, parseSizeBytes, parseRatePerSecond, parseShare]
  fc.assert(fc.property(written, (text) => parsers.filter((parse) => parse(text) !== undefined).length === 1))
  t.pass()
})

test('a schema takes what its parser takes, up to a limit, and never a bare number', async (t) => {
  const schemas: [schema: ReturnType<typeof duration>, parse: Parse, most: string, more: string][] = [
    [duration(), parseDurationMs, '500h', '500.1h'],
    [size(), parseSizeBytes, '1GB', '2GB'],
    [rate(), parseRatePerSecond, '1000000/s', '1000001/s'],
    [share(), parseShare, '100%', '101%'],
  ]
  for (const [schema, parse, most, more] of schemas) {
    t.equal(schema.parse(most), parse(most))
    t.notOk(schema.safeParse(more).success, more)
    t.notOk(schema.safeParse('9'.repeat(400) + most.replace(/[\d.]/g, '')).success, 'no infinity')
    for (const wrong of [250, '250', null, '']) t.notOk(schema.safeParse(wrong).success, String(wrong))
  }
})

test('durations for people', async (t) => {
  const table: [number, string][] = [
    [0, '0.0 ms'],
    [0.44, '0.4 ms'],
    [9.96, '10.0 ms'],
    [12.4, '12 ms'],
    [999.4, '999 ms'],
    [1234, '1.23 s'],
    [60_000, '60.00 s'],
  ]
  for (const [ms, text] of table) t.equal(formatMs(ms), text)
})

function near(value: number | undefined, wanted: number): boolean {
  return value !== undefined && Math.abs(value - wanted) <= 1e-9 * Math.max(1, wanted)
}
