/** Libraries and files in a process of their own: what they answer, what is told of them, how they end. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import type { Answer, Call, Running } from '../../src/clients/driver.js'
import { functionSubject } from '../../src/clients/function.js'
import { subjectNamed } from '../../src/clients/subject.js'
import { CannotRunError, type Rig, rig, ScenarioError } from '../../src/index.js'

// Many wait, for processes and real time.
t.jobs = 3

const get = (lab: Rig, id = 'one'): Call => ({ url: lab.url, method: 'GET', headers: { 'x-request-id': id } })
/** Where a rig is not needed. */
const nowhere: Call = { url: 'http://127.0.0.1:9/', method: 'GET', headers: {} }

const failing = (times: number) =>
  rig({
    hops: { app: { kind: 'origin' } },
    faults: [{ id: 'bad', on: 'app', at: 'request_head', effect: { type: 'respond', status: 502 }, first: times }],
  })

async function started(t: Test, name: string, options?: { timeScale?: number; folder?: string }): Promise<Running> {
  const running = await subjectNamed(name, options).start()
  t.teardown(() => running.close())
  return running
}

/** A module of one file. */
const moduleIn = (t: Test, text: string, name = 'client.mjs') => ({
  folder: t.testdir({ [name]: text }),
  name: `./${name}`,
})

t.test('a library asks for the same delays however fast its clock runs', { buffered: true }, async (t) => {
  /** What it waits between attempts: got adds up to 100 ms by chance; idle connections are kept for 4 s by undici, for 3 s by Node. */
  const between = (running: Running) =>
    running
      .delays()!
      .map(({ ms }) => Math.floor(ms / 100) * 100)
      .filter((ms) => ms !== 4000 && ms !== 3000)
  const each = ([1, 50] as const).flatMap((timeScale) => [
    { name: 'got', timeScale, waits: [1000, 2000] as const },
    { name: 'undici-retry-agent', timeScale, waits: [500, 1000] as const },
  ])
  await Promise.all(
    each.map(async ({ name, timeScale, waits }) => {
      const lab = await failing(2)
      t.teardown(() => lab.close())
      const client = await started(t, name, { timeScale })
      const answer = await client.call(get(lab)).answer
      t.match(answer, { status: 200, body: 'ok\n', error: undefined }, `${name} at ${timeScale}`)
      t.same(between(client), waits, `${name} at ${timeScale}`)
      await lab.until(() => lab.attempts().length === 3)
      const gaps = lab.attempts().map(({ gap_ms }) => (gap_ms ?? 0) * timeScale)
      t.ok(gaps[1]! >= waits[0] && gaps[2]! >= waits[1], `servers see them: ${gaps.map(Math.round).join(', ')}`)
      t.ok(answer.ms >= waits[0] + waits[1], 'and the caller')
    }),
  )
})

t.test('what it has open, its time, its versions', { buffered: true }, async (t) => {
  const lab = await rig({ hops: { app: { kind: 'origin' } } })
  t.teardown(() => lab.close())
  const subject = subjectNamed('undici-retry-agent')
  t.match(subject.versions, { undici: /^\d+\.\d+\.\d+/ })
  // It closes connections that are idle for 4 s of its own time: here those are real ones.
  const unhurried = await started(t, 'undici-retry-agent', { timeScale: 1 })
  t.match(await unhurried.state(), { sockets: 0 }, 'nothing is left of what was before')
  t.same(unhurried.delays(), [])
  await Promise.all([1, 2, 3].map((n) => unhurried.call(get(lab, `r${n}`)).answer))
  const state = await unhurried.state()
  t.match(state, { sockets: 3 })
  t.ok(state!.heapBytes > 1e6)
  const client = await started(t, 'undici-retry-agent')
  const before = client.now()
  const real = performance.now()
  await client.call(get(lab, 'r4')).answer
  const passed = performance.now() - real
  t.ok(client.now() - before >= passed * 50, 'fifty times as fast')
})

t.test('a call that is aborted while it waits', { buffered: true }, async (t) => {
  const lab = await failing(9)
  t.teardown(() => lab.close())
  const client = await started(t, 'got', { timeScale: 1 })
  const call = client.call(get(lab))
  await lab.until(() => lab.attempts().length === 1)
  call.abort()
  t.match(await call.answer, { status: undefined, error: { name: 'AbortError' } })
})

t.test('a status that is an error to the library is a response to the audit', { buffered: true }, async (t) => {
  const lab = await rig({ hops: { app: { kind: 'origin', response: { status: 404, body: 'none' } } } })
  t.teardown(() => lab.close())
  for (const name of ['got', 'undici-retry-agent']) {
    const client = await started(t, name)
    t.match(await client.call(get(lab)).answer, { status: 404, body: 'none', error: undefined }, name)
  }
})

t.test('bodies: a text, a stream, a form', { buffered: true }, async (t) => {
  const lab = await rig({ hops: { app: { kind: 'origin' } } })
  t.teardown(() => lab.close())
  const own = moduleIn(t, 'export default (url, init) => fetch(url, init)')
  for (const name of ['got', 'undici-retry-agent', own.name]) {
    lab.reset()
    const client = await started(t, name, { folder: own.folder })
    for (const type of ['text', 'stream', 'form'] as const) {
      const call = { ...get(lab, type), method: 'POST', body: { type, text: 'hello world' } }
      t.match(await client.call(call).answer, { status: 200, error: undefined }, `${name}: ${type}`)
    }
    await lab.until(() => lab.attempts().length === 3)
    const bodies = lab.attempts().map(({ body }) => body)
    t.same(bodies.slice(0, 2), ['hello world', 'hello world'], name)
    t.match(bodies[2], /name="text"\r\n\r\nhello world\r\n/, name)
  }
})

t.test(
  'a file of the user’s: the export that is named, the default one, the only one',
  { buffered: true },
  async (t) => {
    const folder = t.testdir({
      'many.mjs': `
const say = (text) => async () => ({ status: 200, text: async () => text })
export default say('default')
export const send = say('send')
export const number = 5`,
      'one.cjs': `exports.only = async () => new Response('only')`,
      'typed.ts': `
enum Word { Here = 'typed' }
export async function send(url: string, init: RequestInit): Promise<Response> { return new Response(Word.Here) }`,
    })
    for (const [name, body] of [
      ['./many.mjs', 'default'],
      ['./many.mjs#send', 'send'],
      [`${folder}/many.mjs#default`, 'default'],
      ['./one.cjs#only', 'only'],
      ['./typed.ts', 'typed'],
    ] as const) {
      const client = await started(t, name, { folder })
      t.match(await client.call(nowhere).answer, { status: 200, body }, name)
    }
    const wrong = (name: string) => subjectNamed(name, { folder }).start()
    const problem = (message: RegExp) => ({ name: 'ScenarioError', message })
    await t.rejects(wrong('./many.mjs#sent'), problem(/many.mjs#sent: it has no export "sent", did you mean "send"\?/))
    await t.rejects(wrong('./many.mjs#sent'), problem(/Its functions are: default, send/))
    await t.rejects(wrong('./many.mjs#number'), problem(/its export "number" is no function/))
  },
)

t.test('a file that is not a client', { buffered: true }, async (t) => {
  const folder = t.testdir({ 'broken.mjs': 'import "no-such-package"', 'nothing.mjs': 'export const a = 1' })
  const wrong = async (name: string) => subjectNamed(name, { folder }).start()
  const problem = (message: RegExp) => ({ name: 'ScenarioError', message })
  await t.rejects(wrong('./absent.mjs#send'), problem(/\.\/absent\.mjs: there is no such file/))
  await t.rejects(wrong('file://elsewhere/client.js'), problem(/file:\/\/elsewhere\/client\.js: there is no such file/))
  await t.rejects(wrong(`./${'x'.repeat(300)}.js`), problem(/there is no such file/))
  await t.rejects(wrong('./broken.mjs'), problem(/broken\.mjs: it could not be loaded: .*no-such-package/))
  await t.rejects(wrong('./nothing.mjs'), problem(/say which export is the client.* It exports no function/))
  await t.rejects(wrong('goot'), problem(/unknown client "goot".* did you mean "got"\?/))
})

t.test('what a client answers that is no Response, and what it throws', { buffered: true }, async (t) => {
  const own = moduleIn(
    t,
    `
export const none = async () => null
export const text = () => { throw 'a text' }
export const cause = async () => { throw new TypeError('fetch failed', { cause: Object.assign(new Error('connect refused'), { code: 'ECONNREFUSED' }) }) }
export const half = async () => ({ status: 200, text: async () => { throw new Error('cut') } })`,
  )
  const answerOf = async (name: string): Promise<Answer> =>
    (await started(t, `${own.name}#${name}`, own)).call(nowhere).answer
  t.match(await answerOf('none'), { error: { name: 'TypeError', message: 'the client answered null and no Response' } })
  t.match(await answerOf('text'), { error: { message: 'a text' } })
  const cause = { name: 'TypeError', code: 'ECONNREFUSED', message: 'fetch failed: connect refused' }
  t.match(await answerOf('cause'), { error: cause })
  t.match(await answerOf('half'), { status: 200, body: undefined, error: { message: 'cut' } })
})

t.test(
  'a client that ends its process, that leaves rejections behind, that prints without end',
  { buffered: true },
  async (t) => {
    const own = moduleIn(
      t,
      `
export const ends = () => process.exit(3)
export const leaves = async () => {
  Promise.reject(new RangeError('left behind'))
  setTimeout(() => { throw new Error('thrown later') }, 10)
  await new Promise((resolve) => setTimeout(resolve, 500))
  return new Response('fine')
}
export const prints = async () => {
  for (let n = 0; n < 40; n++) await new Promise((resolve) => process.stdout.write('x'.repeat(65536), resolve))
  return new Response('fine')
}`,
    )
    const ends = await started(t, `${own.name}#ends`, own)
    t.match(await ends.call(nowhere).answer, {
      error: { code: 'BADGATEWAY_CLIENT_GONE', message: /ended with code 3/ },
    })
    t.equal(ends.end, 'it ended with code 3')
    t.match(
      await ends.call(nowhere).answer,
      { error: { code: 'BADGATEWAY_CLIENT_GONE' } },
      'also when it is asked again',
    )
    t.equal(await ends.state(), undefined)

    const leaves = await started(t, `${own.name}#leaves`, own)
    t.match(await leaves.call(nowhere).answer, { body: 'fine' }, 'it goes on')
    t.same(leaves.troubles, ['nobody caught RangeError: left behind', 'nobody caught Error: thrown later'])
    t.equal(leaves.end, undefined)

    const prints = await started(t, `${own.name}#prints`, own)
    t.match(await prints.call(nowhere).answer, { body: 'fine' })
    t.same(prints.troubles, ['it printed more than 1 MB'])
  },
)

t.test(
  'a process of a client, and what it started, ends with its parent, also when both can’t say a word',
  { buffered: true },
  async (t) => {
    const files = () => ({
      'client.mjs': `
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
const told = () => writeFileSync(new URL('pid', import.meta.url), String(process.pid))
export const waits = async () => { told(); await new Promise(() => {}) }
export const loops = async () => { told(); for (;;); }
export const starts = async () => {
  const child = spawn('sleep', ['60'], { stdio: 'inherit' })
  writeFileSync(new URL('pid', import.meta.url), String(child.pid))
  await new Promise(() => {})
}`,
      // The thread that looks after it has hardly begun by then.
      'alone.mjs': `
import { writeFileSync } from 'node:fs'
writeFileSync(new URL('pid', import.meta.url), String(process.pid))
process.kill(process.ppid, 'SIGKILL')
for (;;);`,
      'parent.mjs': `
import { subjectNamed } from ${JSON.stringify(pathToFileURL('dist/clients/subject.js').href)}
import { existsSync, readFileSync, rmSync } from 'node:fs'
const file = new URL('pid', import.meta.url)
rmSync(file, { force: true })
const running = await subjectNamed(process.argv[2], { folder: import.meta.dirname }).start()
running.call({ url: 'http://127.0.0.1:9/', method: 'GET', headers: {} })
while (!existsSync(file) || readFileSync(file, 'utf8') === '') await new Promise((resolve) => setTimeout(resolve, 5))
console.log(readFileSync(file, 'utf8'))`,
    })
    const hows = ['waits', 'loops', 'starts'] as const
    const folder = t.testdir({ waits: files(), loops: files(), starts: files(), closed: files(), alone: files() })
    const parentOf = (how: string, client: string) =>
      spawn(process.execPath, [`${folder}/${how}/parent.mjs`, client], { stdio: ['ignore', 'pipe', 'inherit'] })
    const killed = hows.map(async (how) => {
      const parent = parentOf(how, `./client.mjs#${how}`)
      const [line] = (await once(parent.stdout, 'data')) as [Buffer]
      const pid = Number(line.toString())
      t.ok(isAlive(pid), how)
      parent.kill('SIGKILL')
      await gone(pid)
      t.pass(`${how}: gone`)
    })
    const alone = async () => {
      await once(parentOf('alone', './alone.mjs#send'), 'exit')
      await gone(Number(readFileSync(`${folder}/alone/pid`, 'utf8')))
      t.pass('gone, though its parent was so before anybody looked')
    }
    const closed = async () => {
      const running = await subjectNamed('./client.mjs#starts', { folder: `${folder}/closed` }).start()
      running.call(nowhere)
      const file = `${folder}/closed/pid`
      while (!existsSync(file) || readFileSync(file, 'utf8') === '') await new Promise((next) => setTimeout(next, 5))
      await running.close()
      await gone(Number(readFileSync(file, 'utf8')))
      t.pass('what it started is gone when it is closed')
    }
    await Promise.all([...killed, alone(), closed()])
  },
)

async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

t.test('a function is called in this process, in real time', { buffered: true }, async (t) => {
  const lab = await rig({ hops: { app: { kind: 'origin' } } })
  t.teardown(() => lab.close())
  const subject = functionSubject(async function mine(url, init) {
    return fetch(url, init)
  })
  t.match(subject, { name: 'mine', kind: 'function', timeScale: 1 })
  const client = await subject.start()
  t.match(await client.call(get(lab)).answer, { status: 200, body: 'ok\n' })
  t.equal(client.delays(), undefined)
  const rejected = functionSubject(() => Promise.reject(new Error('no')))
  t.match(await (await rejected.start()).call(get(lab)).answer, { error: { message: 'no' } })
  await client.close()
})

t.test('what is not installed: the command that installs it', { buffered: true }, async (t) => {
  const { findPackages } = await import('../../src/clients/find.js')
  const missing = () => findPackages(['undici', 'no-such-retry', '@no/such/part'], process.cwd())
  t.throws(missing, CannotRunError)
  t.throws(missing, {
    message: 'no-such-retry and @no/such are not installed. Run: npm install no-such-retry @no/such',
  })
  const folder = t.testdir({
    node_modules: {
      undici: { 'package.json': '{"name":"undici","version":"1.2.3","exports":"./i.mjs"}', 'i.mjs': '' },
    },
  })
  const found = findPackages(['undici', 'got'], folder)
  t.match(found, { undici: { version: '1.2.3' }, got: { version: /^\d+/ } }, 'the user’s own first, else ours')
  t.throws(() => subjectNamed('nothing'), ScenarioError)
  const old = subjectNamed('undici-retry-agent', { folder }).start()
  await t.rejects(old, {
    name: 'CannotRunError',
    message: /^undici-retry-agent: .* \(with undici 1\.2\.3\)\. Audit another version: npm install undici@latest/,
  })
})
