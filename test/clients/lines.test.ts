/** A program that goes on running as a client: what it is told and may say, how its end is told, and that nothing of it is left. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Call, Running, Subject } from '../../src/clients/driver.js'
import { linesSubject } from '../../src/clients/lines.js'
import { CannotRunError, ScenarioError } from '../../src/lib/errors.js'
import { until } from '../cli/command.js'

const call = (more: Partial<Call> = {}): Call => ({
  url: 'http://127.0.0.1:9/items?page=1',
  method: 'GET',
  headers: { 'x-request-id': 'call-1' },
  ...more,
})

/** Of every script: `say(object)`, and `each(call => …)` for every line. */
const PRELUDE = `
  const say = (line) => process.stdout.write(JSON.stringify(line) + '\\n')
  const each = (hear) => require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => hear(JSON.parse(line)))
`
const script = (text: string): string[] => [process.execPath, '-e', PRELUDE + text]

const ECHO = 'each((call) => say({ id: call.id, status: 200, body: JSON.stringify({ ...call, pid: process.pid }) }))'
const ready = (...can: string[]): string => `say({ ready: true, can: ${JSON.stringify(can)} });`

/** Who never says that it is ready is not waited for so long here. */
const SOON_MS = 300
/** And a busy machine is not late. */
const LATE_MS = 60_000

async function started(t: Test, words: string[]): Promise<{ subject: Subject; running: Running }> {
  const subject = await linesSubject(words, /ready"?: true/.test(words.at(-1)!) ? LATE_MS : SOON_MS)
  const running = await subject.start()
  t.teardown(() => running.close())
  return { subject, running }
}

const bodyOf = async (running: Running, more: Partial<Call> = {}) =>
  JSON.parse((await running.call(call(more)).answer).body!) as Record<string, unknown> & { pid: number }

function isGone(pid: number): boolean {
  if (!existsSync(`/proc/${pid}`)) return true
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return true
  }
}

t.test('what it says of itself', async (t) => {
  const named = script(`say({ ready: true, name: 'mine', version: '1.2', can: ['many', 'abort'] }); ${ECHO}`)
  const subject = await linesSubject(named)
  t.match(subject, { kind: 'command', timeScale: 1, mostAttempts: 4, versions: { mine: '1.2' }, name: named.join(' ') })
  t.same(Object.keys(subject.lacks).sort(), ['body', 'form', 'methods', 'stream'])
  t.notOk(subject.knownByPath)
  t.same((await linesSubject(script(ready() + ECHO))).versions, { node: process.version }, 'without a version')
})

t.test('one that never says that it is ready is asked for the least, one call at a time', async (t) => {
  const { subject, running } = await started(t, script(ECHO))
  t.same(Object.keys(subject.lacks).sort(), ['abort', 'body', 'form', 'many', 'methods', 'stream'])
  t.match(await bodyOf(running), { url: call().url, method: 'GET', headers: { 'x-request-id': 'call-1' } })
})

t.test('one that says too late that it is ready is told so', async (t) => {
  const late = script(`each((call) => { say({ ready: true, can: ['many'] }); say({ id: call.id, status: 200 }) })`)
  const subject = await linesSubject(late, SOON_MS)
  const running = await subject.start()
  t.teardown(() => running.close())
  t.ok(subject.lacks.many)
  t.equal((await running.call(call()).answer).status, 200)
  const told =
    'it says that it is ready, but did not within 0.3 s when it was started first: what it can was not asked for'
  t.same(await until(() => running.notes!.length > 0 && running.notes), [told])
})

t.test('what it is told, and nothing that it can not', async (t) => {
  const body = { type: 'text', text: 'größe\n' } as const
  const able = await started(t, script(ready('methods', 'body') + ECHO))
  t.match(await bodyOf(able.running, { method: 'PUT', body, proxy: 'http://127.0.0.1:8' }), {
    method: 'PUT',
    body: body.text,
    proxy: 'http://127.0.0.1:8',
  })
  const unable = await started(t, script(ready('methods') + ECHO))
  t.notOk('body' in (await bodyOf(unable.running, { method: 'POST', body })))
})

t.test('its environment sends nothing elsewhere', async (t) => {
  const before = { ...process.env }
  t.teardown(() => {
    process.env = before
  })
  process.env = { ...before, http_proxy: 'http://no', HTTPS_PROXY: 'http://no', no_proxy: '*' }
  const { running } = await started(
    t,
    script(`${ready()} each(({ id }) => say({ id, body: JSON.stringify(process.env) }))`),
  )
  t.same(
    Object.keys(await bodyOf(running)).filter((name) => /_proxy$/i.test(name)),
    [],
  )
})

t.test('one that can do many has all calls in one process, and answers in any order', async (t) => {
  const last = `const calls = []; each((call) => { calls.push(call); if (calls.length === 3)
    for (const { id, url } of calls.reverse()) say({ id, body: JSON.stringify({ url, pid: process.pid }) }) })`
  const { running } = await started(t, script(ready('many') + last))
  const paths = ['/a', '/b', '/c'].map((path) => `http://127.0.0.1:9${path}`)
  const bodies = await Promise.all(paths.map((url) => bodyOf(running, { url })))
  t.same(
    bodies.map(({ url }) => url),
    paths,
  )
  t.equal(new Set(bodies.map(({ pid }) => pid)).size, 1)
})

t.test('one that can not has a process for each call that has no answer yet', async (t) => {
  const slow = `each(({ id, url }) => url.endsWith('/never') || say({ id, body: JSON.stringify({ pid: process.pid }) }))`
  const { running } = await started(t, script(ready() + slow))
  const first = await bodyOf(running)
  t.equal((await bodyOf(running)).pid, first.pid, 'one after the other')
  const never = running.call(call({ url: 'http://127.0.0.1:9/never' }))
  const second = await bodyOf(running)
  t.not(second.pid, first.pid, 'beside another')
  t.equal((await bodyOf(running)).pid, second.pid)
  await running.close()
  t.match((await never.answer).error, { name: 'AbortError', message: 'node was ended with the audit' })
  for (const { pid } of [first, second]) await until(() => isGone(pid))
  t.same(running.troubles, [], 'nothing ended that was not asked to')
})

t.test('an abort, for those that can', async (t) => {
  const abortable = "each(({ id, abort }) => abort && say({ id, error: { name: 'AbortError', message: 'as asked' } }))"
  const { running } = await started(t, script(ready('abort', 'many') + abortable))
  const asked = running.call(call())
  asked.abort()
  t.match((await asked.answer).error, { name: 'AbortError', message: 'as asked' })
  asked.abort()
  t.same(running.notes, [], 'an abort behind the answer is not told')

  const hears =
    'each((line) => line.abort ? process.exit(9) : setTimeout(() => say({ id: line.id, status: 200 }), 200))'
  const unable = await started(t, script(ready('many') + hears))
  const calls = unable.running.call(call())
  calls.abort()
  t.equal((await calls.answer).status, 200, 'no abort for those that can not')
})

t.test('lines that are no answers are told once, with their beginning; the answer counts', async (t) => {
  const chatty = `each(({ id }) => { console.log('DEBUG: ' + 'x'.repeat(500)); console.log('DEBUG: more'); console.log('');
    say({ id: '77', status: 200 }); say({ status: 200 }); say({ id, status: 200 }); say({ id, status: 503 }); say({ id: '78' }) })`
  const { running } = await started(t, script(ready() + chatty))
  t.equal((await running.call(call()).answer).status, 200)
  const told = await until(() => running.notes!.some((note) => note.endsWith('(and 2 more like it)')) && running.notes)
  t.same(told, [
    `it printed a line that is no JSON object: "DEBUG: ${'x'.repeat(73)}" (and 1 more like it)`,
    'it answered a call that nobody waits for: "{\\"id\\":\\"77\\",\\"status\\":200}" (and 2 more like it)',
    'it printed a line that has no "id" that is a string: "{\\"status\\":200}"',
  ])
  t.same(running.troubles, [], 'no error')
})

t.test('an answer with a mistake in it is an error of the call', async (t) => {
  const { running } = await started(t, script(`${ready()} each(({ id }) => say({ id, status: 'OK' }))`))
  t.match((await running.call(call()).answer).error, { name: 'BadAnswer', message: /status: .*expected number/ })
})

t.test('megabytes without an end of a line are told before one comes, and not kept', async (t) => {
  const flood = `each(({ id }) => { process.stdout.write('x'.repeat(3e6)); setTimeout(() => { process.stdout.write('\\n'); say({ id, status: 200 }) }, 300) })`
  const { running } = await started(t, script(ready() + flood))
  const asked = running.call(call())
  const told = 'it printed more than 1048576 bytes without the end of a line: they are not read'
  await until(() => running.notes!.length > 0)
  t.same(running.notes, [told])
  t.equal((await asked.answer).status, 200, 'the line behind it is read')
  t.same(running.notes, [told], 'once')
})

t.test('output without end does not fill the memory', async (t) => {
  const before = process.memoryUsage().rss
  const { running } = await started(t, ['sh', '-c', `echo '{"ready": true}'; exec cat /dev/zero`])
  await until(() => running.notes!.length > 0)
  await new Promise((resolve) => setTimeout(resolve, 500))
  t.ok(process.memoryUsage().rss - before < 300e6)
})

t.test('one that ends in the middle: the call is told how, and so is who comes later', async (t) => {
  const crash = "each(() => { console.error('first\\nout of luck'); process.exit(7) })"
  const { running } = await started(t, script(ready('many') + crash))
  const how = 'node ended with exit code 7: out of luck'
  t.match(await running.call(call()).answer, { error: { name: 'ClientGone', message: how } })
  t.equal(running.end, how)
  t.same(running.troubles, [how])
  t.match(await running.call(call()).answer, { error: { message: how } })
})

t.test('one that ends its whole group', async (t) => {
  const { running } = await started(t, ['sh', '-c', `echo '{"ready": true}'; read -r line; kill -KILL 0`])
  t.match((await running.call(call()).answer).error, { message: 'sh ended with exit code 137 (SIGKILL)' })
})

t.test('one that answers and ends has answered', async (t) => {
  const once =
    "each(({ id }) => { process.stdout.write(JSON.stringify({ id, status: 200 }) + '\\n', () => process.exit(0)) })"
  const { running } = await started(t, script(ready() + once))
  t.equal((await running.call(call()).answer).status, 200)
  t.equal(await until(() => running.end), 'node ended with exit code 0')
})

t.test('what it forked ends with it', async (t) => {
  const file = join(t.testdir(), 'pids')
  const text = `trap '' TERM; sleep 600 & echo $! >> ${file}; (sleep 600 & echo $! >> ${file}; wait) & echo $! >> ${file}
    echo $$ >> ${file}; echo '{"ready": true}'; while read -r line; do :; done; sleep 600`
  const subject = await linesSubject(['bash', '-c', text])
  // Those of the start that told what it can, which may not have come to all of them.
  const before = readFileSync(file, 'utf8')
  const running = await subject.start()
  t.teardown(() => running.close())
  const pids = () => readFileSync(file, 'utf8').split('\n').slice(0, -1).map(Number)
  await until(() => readFileSync(file, 'utf8').slice(before.length).split('\n').length === 5)
  await running.close()
  for (const pid of pids()) await until(() => isGone(pid))
  t.pass('all are gone')
})

t.test('one that does not read is not waited for', async (t) => {
  const { running } = await started(t, ['sh', '-c', `echo '{"ready": true, "can": ["many", "body"]}'; exec sleep 600`])
  const body = { type: 'text', text: 'x'.repeat(1e6) } as const
  const calls = Array.from({ length: 5 }, () => running.call(call({ body })))
  await running.close()
  for (const one of calls) t.equal((await one.answer).error?.name, 'AbortError')
})

t.test('programs that can not be run', async (t) => {
  const cases: [words: string[], what: string | RegExp, remedy: string | RegExp][] = [
    [['no-such-program-at-all'], 'There is no program "no-such-program-at-all" in PATH', 'Install it'],
    [
      script("console.error('No module named x'); process.exitCode = 1"),
      'Before it was asked anything, node ended with exit code 1: No module named x',
      'It has to go on until the end of its standard input',
    ],
    [script(''), 'Before it was asked anything, node ended with exit code 0', /auditing-programs/],
  ]
  for (const [words, what, remedy] of cases) {
    const error = await linesSubject(words).catch((thrown: unknown) => thrown)
    t.type(error, CannotRunError)
    t.match(error, { what, remedy })
  }
})

t.test('one that is ready but once', async (t) => {
  const file = join(t.testdir(), 'was-there')
  const text = `if [ -e ${file} ]; then echo taken >&2; exit 3; fi; touch ${file}; echo '{"ready": true}'; read -r line`
  const subject = await linesSubject(['sh', '-c', text])
  const error = await subject.start().catch((thrown: unknown) => thrown)
  t.type(error, CannotRunError)
  t.match(error, { what: 'Before it was asked anything, sh ended with exit code 3: taken' })
})

t.test('mistakes', async (t) => {
  const cases: [words: string[], ...problems: (string | RegExp)[]][] = [
    [[], /a program is missing after --, as in: badgateway audit --lines/],
    [['cat', '{url}'], 'with --lines a program reads each URL from a line'],
    [script(ready('abrt', 'many')), 'node says wrongly that it is ready: can.0: unknown ability "abrt", did you mean'],
  ]
  for (const [words, ...problems] of cases) {
    const error = await linesSubject(words).catch((thrown: unknown) => thrown)
    t.type(error, ScenarioError)
    t.match(error, { problems: problems.map((message) => ({ message })) })
  }
})

t.test('it can tell no delays and no state', async (t) => {
  const { running } = await started(t, script(ready() + ECHO))
  t.equal(running.delays(), undefined)
  t.equal(await running.state(), undefined)
  t.ok(running.now() > 1.7e12)
})
