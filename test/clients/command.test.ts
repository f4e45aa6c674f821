/** Any program as a client: what it is told, how its end is told, and that nothing of it is left. */
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { commandSubject } from '../../src/clients/command.js'
import type { Answer, Call, Running, Subject } from '../../src/clients/driver.js'
import { markedPattern, unmarked } from '../../src/clients/program/telling.js'
import { CannotRunError, ScenarioError } from '../../src/lib/errors.js'
import { until } from '../cli/command.js'

const call = (more: Partial<Call> = {}): Call => ({
  url: 'http://127.0.0.1:9/items?page=1',
  method: 'GET',
  headers: { 'X-Request-Id': 'call-1' },
  ...more,
})

/** A program that this very Node runs; `process.argv` from 1 on are `args`. */
const script = (text: string, ...args: string[]): string[] => [process.execPath, '-e', text, ...args]

async function started(t: Test, words: string[], limitMs?: number): Promise<{ subject: Subject; running: Running }> {
  const subject = await commandSubject(words, limitMs)
  const running = await subject.start()
  t.teardown(() => running.close())
  return { subject, running }
}

async function answerOf(t: Test, words: string[], more: Partial<Call> = {}, limitMs?: number): Promise<Answer> {
  const { running } = await started(t, words, limitMs)
  return running.call(call(more)).answer
}

/** Gone, or a zombie that whoever adopted it has not yet buried. */
function isGone(pid: number): boolean {
  if (!existsSync(`/proc/${pid}`)) return true
  try {
    return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return true
  }
}

/** When the file is there, with a line for each number that is wanted. */
const pidsIn = (file: string, count: number): Promise<number[]> =>
  until(() => {
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []
    return lines.length >= count && lines.map(Number)
  })

t.test('placeholders in the arguments', async (t) => {
  const print = 'console.log(JSON.stringify(process.argv.slice(1)))'
  const words = script(print, '{url}', 'p={proxy}', '{id}/{id}', '{key}', '{method}', '{"a":{b}}')
  const { body } = await answerOf(t, words, {
    method: 'PUT',
    headers: { 'x-request-id': '$&-7', 'IDEMPOTENCY-KEY': 'k' },
    proxy: 'http://u:p@127.0.0.1:3128',
  })
  t.same(JSON.parse(body!), [
    'http://127.0.0.1:9/items/~%24%26-7?page=1',
    'p=http://u:p@127.0.0.1:3128',
    '$&-7/$&-7',
    'k',
    'PUT',
    '{"a":{b}}',
  ])
})

t.test('the same in its environment, which sends nothing elsewhere', async (t) => {
  const before = { ...process.env }
  t.teardown(() => {
    process.env = before
  })
  process.env = { ...before, http_proxy: 'http://no', HTTPS_PROXY: 'http://no', no_proxy: '*', BADGATEWAY_PROXY: 'old' }
  const print = 'console.log(JSON.stringify(process.env))'
  const { body } = await answerOf(t, script(print))
  const env = JSON.parse(body!) as Record<string, string>
  t.match(env, {
    BADGATEWAY_URL: 'http://127.0.0.1:9/items/~call-1?page=1',
    BADGATEWAY_PROXY: '',
    BADGATEWAY_REQUEST_ID: 'call-1',
    BADGATEWAY_KEY: 'call-1',
    BADGATEWAY_METHOD: 'GET',
    PATH: before.PATH,
  })
  t.same(
    Object.keys(env).filter((name) => /^(https?|all|no)_proxy$/i.test(name)),
    [],
  )
})

t.test('each call has a path of its own', async (t) => {
  const { running } = await started(t, script('console.log(process.env.BADGATEWAY_URL)'))
  const of = async (url: string, headers: Record<string, string>) =>
    (await running.call(call({ url, headers })).answer).body!.trim()
  t.equal(await of('http://127.0.0.1:9/', { 'x-request-id': 'one' }), 'http://127.0.0.1:9/~one')
  t.equal(await of('http://127.0.0.1:9/a/', { 'x-request-id': 'one' }), 'http://127.0.0.1:9/a/~one')
  t.match(await of('http://127.0.0.1:9/a?b=c', {}), /\/a\/~[0-9a-f-]{36}\?b=c$/)
})

t.test('servers know the call by it, and the path that was asked for', async (t) => {
  const cases: [string, { id: string; path: string } | undefined][] = [
    ['/~one', { id: 'one', path: '/' }],
    ['/~one?b=c', { id: 'one', path: '/?b=c' }],
    ['/a/~one-10?b=c', { id: 'one-10', path: '/a?b=c' }],
    ['/a/%7Eone', { id: 'one', path: '/a' }],
    ['/~one/items', { id: 'one', path: '/items' }],
    ['/~%24%26', { id: '$&', path: '/' }],
    ['/~%zz', undefined],
    ['/a~b', undefined],
    ['/', undefined],
  ]
  for (const [target, known] of cases) t.same(unmarked(target), known, target)
})

t.test('a pattern of a path, for paths that have an id in it', async (t) => {
  const cases = {
    '/': '/~*',
    '/404': '/404/~*',
    '/a?b=c': '/a/~*?b=c',
    '/a*b': '/a*b/~*',
    '/api/*': '/api/*',
    '*': '*',
  }
  for (const [given, marked] of Object.entries(cases)) t.equal(markedPattern(given), marked)
})

t.test('exit code 0: its output is the body, and the status is for servers to tell', async (t) => {
  const answer = await answerOf(t, ['printf', 'hello'])
  t.equal(answer.body, 'hello')
  t.notOk('status' in answer)
  t.notOk('error' in answer)
  t.type(answer.ms, 'number')
})

t.test('another exit code: an error with the code and its last words', async (t) => {
  const text = 'process.stderr.write("first\\n\\nthe end\\n\\n"); console.log("part"); process.exitCode = 22'
  const { running } = await started(t, script(text))
  const answer = await running.call(call()).answer
  t.match(answer, {
    body: 'part\n',
    error: { name: 'ExitError', code: '22', message: 'node ended with exit code 22: the end' },
  })
  t.same(running.troubles, [], 'to fail is its right')
})

t.test('a program that crashes: the signal is told, and is a trouble', async (t) => {
  const { running } = await started(t, ['sh', '-c', 'kill -SEGV $$'])
  const { error } = await running.call(call()).answer
  t.match(error, { code: '139', message: 'sh ended with exit code 139 (SIGSEGV)' })
  t.same(running.troubles, ['sh was ended by SIGSEGV'])
})

t.test('a program that hangs is ended after its limit, and told so', async (t) => {
  const answer = await answerOf(t, ['sh', '-c', 'echo waiting >&2; exec sleep 600'], {}, 1000)
  t.match(answer.error, {
    name: 'TimeoutError',
    message: 'sh was still running after 1 s and was ended; it last said: waiting',
  })
  t.ok(answer.ms >= 1000)
})

t.test('megabytes of output: the first is kept, the rest thrown away and told', async (t) => {
  const answer = await answerOf(t, ['sh', '-c', 'head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2'])
  t.equal(answer.body!.length, 1_048_576)
  t.equal(answer.note, 'it printed 1951424 bytes more than the 1048576 that are kept')
  t.notOk('error' in answer)
})

t.test('output without end does not fill the memory', async (t) => {
  const answer = await answerOf(t, ['cat', '/dev/zero'], {}, 1000)
  t.equal(answer.error?.name, 'TimeoutError')
  t.equal(answer.body!.length, 1_048_576)
})

t.test('what it forked ends with it', async (t) => {
  const file = join(t.testdir(), 'pids')
  const fork = `sleep 600 & echo $! >> ${file}; (sleep 600 & echo $! >> ${file}; wait) & echo $! >> ${file}; exit 0`
  const { error } = await answerOf(t, ['bash', '-c', fork])
  t.equal(error, undefined)
  for (const pid of readFileSync(file, 'utf8').trim().split('\n').map(Number)) await until(() => isGone(pid))
  t.pass('all are gone')
})

t.test('a child that left the group does not keep the call', async (t) => {
  const file = join(t.testdir(), 'pids')
  const left = `setsid sh -c 'echo $$ > ${file}; exec sleep 600'`
  const { body } = await answerOf(t, ['sh', '-c', `${left} & until [ -s ${file} ]; do sleep 0.01; done; echo done`])
  t.equal(body, 'done\n')
  const [pid] = await pidsIn(file, 1)
  process.kill(pid!, 'SIGKILL')
})

t.test('abort: it is asked to end', async (t) => {
  const file = join(t.testdir(), 'pids')
  const { running } = await started(t, ['bash', '-c', `sleep 600 & echo $! >> ${file}; echo $$ >> ${file}; wait`])
  const asked = running.call(call())
  const pids = await pidsIn(file, 2)
  asked.abort()
  t.match((await asked.answer).error, { name: 'AbortError', message: 'bash ended on SIGTERM' })
  for (const pid of pids) await until(() => isGone(pid))
  asked.abort()
  t.same(running.troubles, [])
})

t.test('abort of one that goes on nevertheless: it is killed, and told so', async (t) => {
  const file = join(t.testdir(), 'pids')
  const text = `trap '' TERM; echo $$ >> ${file}; while :; do sleep 1; done`
  const { running } = await started(t, ['bash', '-c', text])
  const asked = running.call(call())
  const [pid] = await pidsIn(file, 1)
  asked.abort()
  const { error, ms } = await asked.answer
  t.match(error, { name: 'AbortError', message: 'bash did not end within 2000 ms of SIGTERM and was killed' })
  t.ok(ms >= 2000)
  await until(() => isGone(pid!))
})

t.test('the end of the audit ends every call', async (t) => {
  const file = join(t.testdir(), 'pids')
  const { running } = await started(t, ['bash', '-c', `trap '' TERM; echo $$ >> ${file}; sleep 600`])
  const asked = [running.call(call()), running.call(call())]
  const pids = await pidsIn(file, 2)
  await running.close()
  for (const one of asked) t.match((await one.answer).error, { message: 'bash was ended with the audit' })
  for (const pid of pids) await until(() => isGone(pid))
  t.same(running.troubles, [])
})

t.test('it ends also when we are killed', async (t) => {
  const file = join(t.testdir(), 'pids')
  const module = pathToFileURL(resolve('dist/clients/command.js')).href
  const host = `
    import { commandSubject } from ${JSON.stringify(module)}
    const subject = await commandSubject(['bash', '-c', 'trap "" TERM; sleep 600 & echo $! >> ${file}; echo $$ >> ${file}; wait'])
    const running = await subject.start()
    await running.call({ url: 'http://127.0.0.1:9/', method: 'GET', headers: {} }).answer`
  const child = spawn(process.execPath, ['--input-type=module', '-e', host], { stdio: 'inherit' })
  const pids = await pidsIn(file, 2)
  child.kill('SIGKILL')
  for (const pid of pids) await until(() => isGone(pid))
  t.pass('all are gone')
})

t.test('what it says of itself', async (t) => {
  const subject = await commandSubject([process.execPath, 'x.js', '{url}'])
  t.same(subject.versions, { node: process.version })
  t.match(subject, { kind: 'command', timeScale: 1, mostAttempts: 4, name: `${process.execPath} x.js {url}` })
  t.same((await commandSubject(['false'])).versions, {})
})

t.test('one that hangs on --version is not waited for', { timeout: 30_000 }, async (t) => {
  const folder = t.testdir({ slow: '#!/bin/sh\nsleep 600\n' })
  const slow = join(folder, 'slow')
  chmodSync(slow, 0o755)
  t.same((await commandSubject([slow])).versions, {})
})

t.test('what it lacks', async (t) => {
  const without = await commandSubject(['true', '{url}'])
  t.same(Object.keys(without.lacks).sort(), ['body', 'form', 'many', 'methods', 'stream'])
  t.equal(without.lacks.methods, 'its arguments have no {method}')
  const having = await commandSubject(['true', '-X', '{method}', '{url}'])
  t.notOk('methods' in having.lacks)
})

t.test('what to say when nothing arrives', async (t) => {
  t.match((await commandSubject(['true'])).unseen, 'Put {url} among its arguments')
  t.match((await commandSubject(['true', '--to={url}'])).unseen, 'send {id} as X-Request-Id')
})

t.test('it can tell no delays and no state', async (t) => {
  const { running } = await started(t, ['true'])
  t.equal(running.delays(), undefined)
  t.equal(await running.state(), undefined)
  t.ok(running.now() > 1.7e12)
})

t.test('programs that can not be run', async (t) => {
  const folder = t.testdir({ 'client.py': 'print()', plain: 'x', sub: {} })
  const cases: [string[], string, string][] = [
    [
      ['no-such-program-at-all'],
      'There is no program "no-such-program-at-all" in PATH',
      'Install it, or write its path.',
    ],
    [
      ['crul'],
      'There is no program "crul" in PATH',
      'Did you mean "curl"? If that is missing too: apt-get install curl',
    ],
    [
      ['wgte'],
      'There is no program "wgte" in PATH',
      'Did you mean "wget"? If that is missing too: apt-get install wget',
    ],
    [
      ['package.json'],
      'There is no program "package.json" in PATH',
      'For the one in this folder, write ./package.json.',
    ],
    [[`${folder}/none`], `${folder}/none does not exist`, 'Write the path of a program, or its name.'],
    [[`${folder}/sub`], `${folder}/sub is a directory`, 'Name a program in it.'],
    [[`${folder}/plain`], `${folder}/plain is not executable`, `Run chmod +x ${folder}/plain.`],
    [
      [`${folder}/client.py`],
      `${folder}/client.py is not executable`,
      `Run chmod +x ${folder}/client.py, or name its interpreter: python3 ${folder}/client.py.`,
    ],
  ]
  for (const [words, what, remedy] of cases) {
    const error = await commandSubject(words).catch((thrown: unknown) => thrown)
    t.type(error, CannotRunError)
    t.match(error, { what, remedy })
  }
})

t.test('programs that people audit, where PATH has none of them', async (t) => {
  const before = process.env.PATH
  t.teardown(() => {
    process.env.PATH = before
  })
  process.env.PATH = t.testdir()
  for (const name of ['curl', 'wget', 'python3']) {
    t.match(await commandSubject([name, '{url}']).catch((thrown: unknown) => thrown), {
      what: `There is no program "${name}" in PATH`,
      remedy: `Install it: apt-get install ${name}`,
    })
  }
})

t.test('what can not be looked at in PATH is passed by', async (t) => {
  const folder = t.testdir({ bin: { loops: t.fixture('symlink', 'loops') } })
  const before = process.env.PATH
  t.teardown(() => {
    process.env.PATH = before
  })
  process.env.PATH = `${folder}/bin`
  await t.rejects(commandSubject(['loops', '{url}']), { message: /There is no program "loops" in PATH/ })
  await t.rejects(commandSubject([`${folder}/${'x'.repeat(300)}`]), { name: 'CannotRunError' })
})

t.test('no program at all is a mistake', async (t) => {
  const error = await commandSubject([]).catch((thrown: unknown) => thrown)
  t.type(error, ScenarioError)
  t.match(error, { message: /a program is missing after --/ })
})

t.test('a script whose interpreter is missing fails each call, with what the shell says', async (t) => {
  const file = join(t.testdir({ odd: '#!/no/such/interpreter\n' }), 'odd')
  chmodSync(file, 0o755)
  t.match((await answerOf(t, [file, '{url}'])).error, {
    code: /126|127/,
    message: /odd ended with exit code 12.: .*not found/,
  })
})
