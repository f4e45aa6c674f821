/** The clock of a client's process: each case is a program of its own that runs on it, and tells what it saw. */
import { execFile } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'

const clock = pathToFileURL('dist/clients/host/time.js').href
const SCALE = 50

/** What the program prints with `say(value)`, one value a line. `asked()` is every delay that was asked for. */
async function told(program: string, scale = SCALE): Promise<unknown[]> {
  const head = `
const { takeDelays, timerCount } = await import(${JSON.stringify(clock)})
const all = []
const asked = () => { all.push(...takeDelays().map(({ ms }) => ms)); return all }
const say = (value) => console.log(JSON.stringify(value === undefined ? null : value))
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
`
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', '--import', clock, '--input-type=module', '-e', head + program],
    { env: { PATH: process.env.PATH, BADGATEWAY_TIME_SCALE: String(scale) } },
  )
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

t.test('what a callback promised is done before the next timer rings', async (t) => {
  const [order] = await told(`
const order = []
for (const n of [1, 2, 3]) setTimeout(async () => { order.push(n); await null; order.push(-n) }, 10)
await wait(100)
say(order)`)
  t.same(order, [1, -1, 2, -2, 3, -3])
})

t.test('a timer never rings early, on any of the clocks, and all of them agree', async (t) => {
  const [waits] = await told(`
const waits = []
for (const ms of [1, 49, 51, 333, 1000]) {
  const before = [Date.now(), performance.now(), Number(process.hrtime.bigint()) / 1e6, process.hrtime(), process.uptime() * 1000]
  await wait(ms)
  const [s, ns] = process.hrtime(before[3])
  waits.push([ms, Date.now() - before[0] + 1, performance.now() - before[1], Number(process.hrtime.bigint()) / 1e6 - before[2],
    s * 1000 + ns / 1e6, process.uptime() * 1000 - before[4]])
}
say(waits)`)
  for (const [ms, ...clocks] of waits as number[][]) {
    for (const waited of clocks) t.ok(waited >= ms! - 0.001, `${waited} of ${ms}`)
  }
})

t.test('the clock runs so many times as fast as the real one', async (t) => {
  const begun = performance.now()
  await told('await wait(20_000)\nsay(0)')
  t.ok(performance.now() - begun >= 400, 'not faster than that')
  const [times, origin] = await told(`
const now = () => performance.timeOrigin + performance.now()
say([now(), Date.now(), now()])
say(typeof Date())`)
  const [before, date, after] = times as [number, number, number]
  t.ok(before - 1 <= date && date <= after, `Date and performance tell one time: ${times}`)
  t.equal(origin, 'string')
})

t.test('at scale 1 delays last as long as they say', async (t) => {
  const begun = performance.now()
  const [delays] = await told('await wait(120)\nsay(asked())', 1)
  t.ok(performance.now() - begun >= 120)
  t.same(delays, [120])
})

t.test('a delay that does not fit into 31 bits becomes a millisecond, and is told as it was asked', async (t) => {
  const [order, delays] = await told(`
const order = []
setTimeout(() => order.push('epoch'), 1767225600 * 1000)
setTimeout(() => order.push('just over'), 2147483648)
setTimeout(() => order.push('short'), 200)
const fits = setTimeout(() => order.push('fits'), 2147483647)
await wait(1000)
clearTimeout(fits)
say(order)
say(asked())`)
  t.same(order, ['epoch', 'just over', 'short'])
  t.same(delays, [1767225600000, 2147483648, 200, 2147483647, 1000])
})

t.test('odd delays are a millisecond, as in Node; an odd callback is refused', async (t) => {
  const [order, code] = await told(`
const order = []
for (const ms of [undefined, -5, NaN, 'x', '5000', null]) setTimeout(() => order.push(String(ms)), ms)
await wait(6000)
say(order)
try { setTimeout('code', 5) } catch (error) { say(error.code) }`)
  t.same(order, ['undefined', '-5', 'NaN', 'x', 'null', '5000'])
  t.equal(code, 'ERR_INVALID_ARG_TYPE')
})

t.test('a Timeout: unref, ref, hasRef, refresh, close, clearing by object, number and text', async (t) => {
  const seen = await told(`
const rung = []
const one = setTimeout(() => rung.push('one'), 1000)
say([one.hasRef(), one.unref() === one, one.hasRef(), one.ref().hasRef()])
const between = setTimeout(() => rung.push('between'), 2500)
const early = wait(1500)
const refreshed = setTimeout(() => rung.push('refreshed'), 2000)
await early
refreshed.refresh()
const cleared = [setTimeout(() => rung.push('object'), 10), setTimeout(() => rung.push('number'), 10), setTimeout(() => rung.push('text'), 10)]
clearTimeout(cleared[0]); clearTimeout(+cleared[1]); clearTimeout(\`\${+cleared[2]}\`)
setTimeout(() => rung.push('closed'), 10).close()
clearTimeout(undefined); clearTimeout(null); clearTimeout(12345678); clearInterval({})
await wait(3000)
say(rung)
one.refresh()
await wait(1500)
say(rung)
say(timerCount())`)
  t.same(seen[0], [true, true, false, true])
  t.same(seen[1], ['one', 'between', 'refreshed'])
  t.same(seen[2], ['one', 'between', 'refreshed', 'one'], 'refresh sets one that has rung again')
  t.equal(seen[3], 0)
})

t.test('intervals repeat until they are cleared, also from within', async (t) => {
  const [ticks, delays] = await told(`
let ticks = 0
await new Promise((resolve) => {
  const handle = setInterval((a, b) => { ticks += a + b; if (ticks === 9) { clearInterval(handle); resolve() } }, 100, 1, 2)
})
await wait(1000)
say(ticks)
say(asked())`)
  t.equal(ticks, 9)
  t.same(delays, [100, 1000])
})

t.test('what throws in a timer is nobody else’s concern', async (t) => {
  const [caught, after] = await told(`
const caught = []
process.on('uncaughtException', (error) => caught.push(error.message))
setTimeout(() => { throw new Error('first') }, 10)
setTimeout(() => caught.push('second'), 10)
await wait(500)
say(caught)
say(timerCount())`)
  t.same(caught, ['first', 'second'])
  t.equal(after, 0)
})

t.test('imports, requires and promisify give the same timers', async (t) => {
  const seen = await told(`
import { createRequire } from 'node:module'
import { setTimeout as named, clearTimeout as clear } from 'node:timers'
import * as bare from 'timers'
import { setTimeout as promised } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
const require = createRequire('/')
say([named === setTimeout, clear === clearTimeout, bare.setInterval === setInterval, require('timers').setTimeout === setTimeout,
  require('timers').promises.setTimeout === promised, require('node:timers/promises').setTimeout === promised])
say(await promisify(setTimeout)(700, 'value'))
say(await promised(800, 'promised'))
say(asked())`)
  t.same(seen, [[true, true, true, true, true, true], 'value', 'promised', [700, 800]])
})

t.test('timers/promises: a signal ends a wait, an interval counts, the scheduler waits', async (t) => {
  const seen = await told(`
import { setTimeout as wait2, setInterval as every, scheduler } from 'node:timers/promises'
const controller = new AbortController()
setTimeout(() => controller.abort(new Error('enough')), 100)
await wait2(1e6, 'x', { signal: controller.signal }).catch((error) => say([error.name, error.code, error.cause.message]))
await wait2(10, 'x', { signal: AbortSignal.abort() }).catch((error) => say(error.name))
let n = 0
for await (const value of every(50, 'tick')) { if (value !== 'tick') break; if (++n === 3) break }
say(n)
const stop = new AbortController()
setTimeout(() => stop.abort(), 200)
try { for await (const _ of every(1e6, 0, { signal: stop.signal })) say('never') } catch (error) { say(error.name) }
await scheduler.wait(60)
say(asked().at(-1))
say(timerCount())`)
  t.same(seen, [['AbortError', 'ABORT_ERR', 'enough'], 'AbortError', 3, 'AbortError', 60, 0])
})

t.test('AbortSignal.timeout counts on this clock, and refuses what Node’s refuses', async (t) => {
  const begun = performance.now()
  const seen = await told(`
const before = Date.now()
const signal = AbortSignal.timeout(10_000)
setTimeout(() => {}, 60_000)
await new Promise((resolve) => signal.addEventListener('abort', resolve))
say([signal.reason.name, Date.now() - before >= 9900])
try { AbortSignal.timeout(-1) } catch (error) { say(error.code) }
say(asked().includes(10_000))
process.exit()`)
  t.ok(performance.now() - begun >= 200)
  t.same(seen, [['TimeoutError', true], 'ERR_OUT_OF_RANGE', true])
})

t.test('Date is a Date in every other way', async (t) => {
  const [seen] = await told(`
class Later extends Date { later() { return this.getTime() } }
const date = new Date()
const now = Date.now()
say([date instanceof Date, new Later(5).later(), new Later() instanceof Later, new Date(2020, 1, 2).getFullYear(), new Date('2020-01-01T00:00:00Z').getTime(),
  Date.UTC(1970, 0, 1), Date.parse('1970-01-01T00:00:01Z'), date.constructor === Date, Math.abs(now - date.getTime()) < 60_000,
  new date.constructor().getTime() >= now, Object.prototype.toString.call(date), structuredClone(date) instanceof Date])`)
  t.same(seen, [true, 5, true, 2020, 1577836800000, 0, 1000, true, true, true, '[object Date]', true])
})

t.test('the time limit of a socket is in this clock’s milliseconds', async (t) => {
  const [ended] = await told(`
import { createServer, get } from 'node:http'
const server = createServer(() => {}).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const before = Date.now()
const request = get({ host: '127.0.0.1', port: server.address().port, timeout: 30_000 })
request.on('error', () => {})
await new Promise((resolve) => request.once('timeout', resolve))
say(Date.now() - before >= 29_000)
process.exit()`)
  t.equal(ended, true)
})

t.test('what a timer calls runs where the timer was set', async (t) => {
  const [store] = await told(`
import { AsyncLocalStorage } from 'node:async_hooks'
const storage = new AsyncLocalStorage()
storage.run('mine', () => setTimeout(() => say(storage.getStore()), 10))
storage.run('other', () => setTimeout(() => {}, 5))
await wait(500)`)
  t.equal(store, 'mine')
})

t.test('thousands of timers, set and taken back in any order', async (t) => {
  const [good, left] = await told(`
let seed = 7
const draw = () => (seed = (seed * 16807) % 2147483647) / 2147483647
const rung = []
const handles = []
for (let n = 0; n < 3000; n++) {
  const ms = Math.ceil(draw() * 5000)
  const due = Date.now() + ms
  handles.push({ n, handle: setTimeout(() => rung.push({ n, late: Date.now() - due }), ms) })
}
const gone = new Set(handles.filter(() => draw() < 0.4).map(({ n, handle }) => (clearTimeout(handle), n)))
while (timerCount() > 0) await wait(1)
say([rung.length === 3000 - gone.size, rung.every(({ n }) => !gone.has(n)), rung.every(({ late }) => late >= -1)])
say(timerCount())`)
  t.same(good, [true, true, true])
  t.equal(left, 0)
})
