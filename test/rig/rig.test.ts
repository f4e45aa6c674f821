/** The programming interface, under tap and, by their own command lines, under node:test and vitest. */
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { CannotRunError, type Rig, type RigInput, rig, ScenarioError } from '../../src/index.js'
import { sideBySide, underFakedTimers } from './runners/shared.mjs'

const run = promisify(execFile)

const pair: RigInput = {
  hops: { app: { kind: 'origin' }, lb: { kind: 'proxy', to: ['app'], next_upstream: 'off' } },
  faults: [{ id: 'rst', on: 'app', at: 'request_head', effect: 'reset' }],
}

async function opened(t: Test, input: RigInput | string): Promise<Rig> {
  const lab = await rig(input)
  t.teardown(() => lab.close())
  return lab
}

t.test('rigs side by side under tap', () => sideBySide(t.equal.bind(t)))
t.test('a timeout and TLS, real timers', () => underFakedTimers(t.equal.bind(t)))

t.test('under node:test', async (t) => {
  const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', 'test/rig/runners/node.test.mjs'], {
    env: { PATH: process.env.PATH },
  })
  t.match(stdout, /# pass 2\n# fail 0/)
})

t.test('under vitest', async (t) => {
  const vitest = 'node_modules/vitest/vitest.mjs'
  const args = [vitest, 'run', '--root', 'test/rig/runners', '--reporter=json', 'vitest.test.mjs']
  const { stdout } = await run(process.execPath, args, { env: { PATH: process.env.PATH } })
  t.match(JSON.parse(stdout), { numPassedTests: 2, numFailedTests: 0 })
})

t.test('a fault can be disarmed and armed, and counts only what it did', async (t) => {
  const lab = await opened(t, pair)
  const fault = lab.fault('rst')
  t.equal(fault.fired, 0)
  t.equal((await fetch(lab.url)).status, 502)
  await fault.disarm()
  t.equal((await fetch(lab.url)).status, 200)
  await fault.arm()
  t.equal((await fetch(lab.url)).status, 502)
  t.equal(fault.fired, 2)
})

t.test('an address that is refused and open again at once is no broken hop', async (t) => {
  const lab = await opened(t, { ...pair, faults: [{ id: 'gone', on: 'app', at: 'connect', effect: 'refuse' }] })
  for (let n = 0; n < 5; n++) {
    await lab.fault('gone').disarm()
    await lab.fault('gone').arm()
    await lab.fault('gone').disarm()
  }
  t.equal((await fetch(lab.url)).status, 200)
  t.same(lab.facts.errors, [])
})

t.test('reset() forgets what was seen and begins anew', async (t) => {
  const lab = await opened(t, { ...pair, faults: [{ ...pair.faults![0]!, first: 1 }] })
  t.equal((await fetch(lab.url)).status, 502)
  t.equal((await fetch(lab.url)).status, 200)
  await lab.fault('rst').disarm()
  await lab.reset()
  t.equal(lab.fault('rst').fired, 0)
  t.same(lab.attempts(), [])
  t.equal((await fetch(lab.url)).status, 502, 'armed again, and the first occasion again')
})

t.test('attempts as the servers saw them, by request id', async (t) => {
  const lab = await opened(t, { ...pair, faults: [{ ...pair.faults![0]!, first: 2 }] })
  const ask = (id: string, body?: string) =>
    fetch(`${lab.url}/x`, { method: body ? 'PUT' : 'GET', headers: { 'x-request-id': id }, body: body ?? null })
  for (let n = 0; n < 3; n++) await ask('mine', '12345')
  await ask('other')
  const mine = lab.attempts({ requestId: 'mine' })
  t.same(
    mine.map(({ status }) => status),
    [502, 502, 200],
  )
  t.same(
    mine.map(({ failure }) => failure?.type),
    ['connection_terminated', 'connection_terminated', undefined],
  )
  t.equal(mine[0]!.gap_ms, null)
  t.ok(mine[1]!.gap_ms! > 0)
  const seen = lab.attemptsAt('app', { requestId: 'mine' })
  t.same(
    seen.map(({ outcome, method, path }) => [outcome, method, path]),
    [
      ['faulted', 'PUT', '/x'],
      ['faulted', 'PUT', '/x'],
      ['answered', 'PUT', '/x'],
    ],
  )
  t.equal(seen[2]!.request_bytes, 5)
  t.equal(lab.attempts().length, 4)
})

t.test('bodies, connections and operations as the origin saw them', async (t) => {
  const lab = await opened(t, {
    hops: { app: { kind: 'origin', operations: { once: true } }, small: { kind: 'origin', keep_body: '3B' } },
    faults: [{ id: 'lost', on: 'app', at: 'response_head', effect: 'close', first: 1 }],
  })
  const post = (url: string, key: string) =>
    fetch(url, { method: 'POST', body: 'päyload', headers: { 'idempotency-key': key } }).then(
      (response) => response.status,
      () => 'lost',
    )
  t.same([await post(lab.url, 'a'), await post(lab.url, 'a'), await post(lab.url, 'b')], ['lost', 200, 200])
  t.same(lab.operations(), [
    { hop: 'app', key: 'a', applied: 1, asked: 2 },
    { hop: 'app', key: 'b', applied: 1, asked: 1 },
  ])
  const [first, second] = lab.attempts({ method: 'POST', path: '/' })
  t.same([first!.body, second!.body, first!.request_bytes], ['päyload', 'päyload', 8])
  t.match(first!.connection, /^127\.0\.0\.1:\d+$/)
  t.not(first!.connection, second!.connection)
  await post(lab.urlOf('small'), 'a')
  t.equal(lab.attemptsAt('small')[0]!.body, 'pä', 'as much as it keeps')
  t.same(lab.attempts({ method: 'GET' }), [])
})

t.test('until() waits for what a server sees after the client', async (t) => {
  const lab = await rig({ hops: { app: { kind: 'origin' } } })
  const twice = lab.until(() => lab.attempts().length === 2)
  const never = lab.until(() => lab.attempts().length === 9)
  const broken = lab.until(() => {
    throw new Error('of the suite')
  })
  await t.rejects(broken, { message: 'of the suite' })
  await Promise.all([fetch(lab.url), fetch(lab.url), twice])
  t.equal(lab.attempts().length, 2)
  await Promise.all([lab.close(), t.rejects(never, { message: /closed before/ })])
})

t.test('a request without an id gets one, and the origin sees the same', async (t) => {
  const lab = await opened(t, { hops: pair.hops })
  await fetch(lab.url)
  t.equal(lab.attempts()[0]!.requestId, lab.attemptsAt('app')[0]!.requestId)
  t.match(lab.attempts()[0]!.requestId, /^lb-/)
})

t.test('a scenario file, its clients included', async (t) => {
  const lab = await opened(t, 'scenarios/causes/truncated-body-close.yaml')
  const facts = await lab.load()
  t.equal(facts.clients.get('plain')?.metrics.truncated, 3)
  t.equal(lab.fault('cut').fired, 3)
})

t.test('every mistake of a description is told at once', async (t) => {
  const input = {
    hops: { app: { kind: 'origin' }, lb: { kind: 'proxy', to: ['ap'] } },
    faults: [{ id: 'rst', on: 'app', at: 'request_head', effect: 'rest' }],
  } as unknown as RigInput
  const error = (await rig(input).catch((error: unknown) => error)) as ScenarioError
  t.ok(error instanceof ScenarioError)
  t.equal(error.code, 'BADGATEWAY_SCENARIO')
  t.match(error.problems.map(({ path }) => path).sort(), ['faults[0].effect', 'hops.lb.to[0]'])
  t.match(error.message, 'did you mean "app"?')
  t.match(error.message, 'did you mean "reset"?')
})

t.test('unknown names, a missing file, a taken port', async (t) => {
  const lab = await opened(t, pair)
  t.throws(() => lab.fault('rts'), { message: /unknown fault "rts", did you mean "rst"\?/ })
  t.throws(() => lab.urlOf('ap'), { message: /unknown hop "ap", did you mean "app"\?/ })
  await t.rejects(rig('no/such.yaml'), ScenarioError)
  const blocker = createServer().listen(0, '127.0.0.1')
  t.teardown(() => blocker.close())
  await new Promise((resolve) => blocker.once('listening', resolve))
  const { port } = blocker.address() as { port: number }
  const taken = rig({ hops: { app: { kind: 'origin' }, lb: { kind: 'proxy', port, to: ['app'] } } })
  await t.rejects(taken, CannotRunError)
  await t.rejects(taken, { code: 'BADGATEWAY_CANNOT_RUN', message: new RegExp(`${port}.*is taken`) })
})

t.test('close() twice, and `await using`', async (t) => {
  const lab = await rig(pair)
  const { url } = lab
  await lab.close()
  await lab[Symbol.asyncDispose]()
  await t.rejects(fetch(url))
})

t.test('nothing stays open: a process ends by itself after close()', async (t) => {
  const file = join(t.testdir(), 'one.mjs')
  writeFileSync(
    file,
    `import { rig } from ${JSON.stringify(pathToFileURL('dist/index.js').href)}
const lab = await rig({ hops: { app: { kind: 'origin', tls: true }, fw: { kind: 'waf', to: 'app' }, lb: { kind: 'proxy', to: ['fw'] } } })
const socket = (await import('node:net')).connect(new URL(lab.url).port, '127.0.0.1')
socket.write('GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')
await new Promise((resolve) => socket.once('data', resolve))
await lab.close()
socket.destroy()
console.log('closed')
`,
  )
  const { stdout } = await run(process.execPath, [file], { timeout: 30_000 })
  t.equal(stdout, 'closed\n', 'it would be killed if a handle were left')
})
