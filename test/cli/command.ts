/** Runs `badgateway` from dist as a user would, in a folder of its own, and tells what came out of it. */
import { type ChildProcess, fork, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import tap, { type Test } from 'tap'

export const repository = process.cwd()
export const main = resolve(repository, 'dist/cli/main.js')

export interface Ended {
  code: number | null
  /** Set when the signal itself ended it: it did not end by itself. */
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface Running {
  child: ChildProcess
  ended: Promise<Ended>
}

export type StartOptions = Pick<SpawnOptions, 'cwd' | 'env' | 'detached'>

/** What this machine lacks: a skip with the remedy, or a failure where none is allowed (NO_SKIP, as in .ci/run). */
export function lacks(t: Test, remedy: string): void {
  if (process.env.NO_SKIP) t.fail(remedy)
  else t.pass('', { skip: remedy })
}

export const badgateway = (args: readonly string[], options: StartOptions): Promise<Ended> =>
  start(process.execPath, [main, ...args], options).ended

/**
 * The same in a process that carries out one command line after the other: for what is said and written, where a
 * process's own start and end are not the point.
 */
export function commandLine(
  args: readonly string[],
  { cwd, env = {} }: { cwd: string; env?: Record<string, string> },
): Promise<Ended> {
  const answer = last.then(async () => {
    many ??= startMany()
    many.child.send({ args, cwd, env })
    const [ended] = (await Promise.race([once(many.child, 'message'), many.gone])) as [Ended?]
    if (!ended) throw new Error(`the process of command lines ended with badgateway ${args.join(' ')}`)
    return ended
  })
  last = answer.catch(() => {})
  return answer
}

let many: { child: ChildProcess; gone: Promise<[]> } | undefined
let last: Promise<unknown> = Promise.resolve()

function startMany() {
  const child = fork(resolve(repository, 'test/cli/many.mjs'), { execArgv: [], env: ownEnv() })
  const gone = once(child, 'exit').then((): [] => {
    many = undefined
    return []
  })
  tap.teardown(() => child.connected && child.disconnect())
  return { child, gone }
}

/** Nothing of the tests around: the settings of an npm that runs them would steer the npm that a test runs. */
const ownEnv = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_|^(NO|FORCE)_COLOR$/.test(name)))

/**
 * Any command; its output is collected. `env -u` keeps out what tap loads into its children.
 */
export function start(command: string, args: readonly string[], options: StartOptions): Running {
  const env = { ...ownEnv(), ...options.env }
  const stdio: SpawnOptions['stdio'] = ['ignore', 'pipe', 'pipe']
  const child = spawn('env', ['-u', 'NODE_OPTIONS', command, ...args], { ...options, env, stdio })
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk
    })
  }
  const ended = new Promise<Ended>((done, failed) => {
    child.once('error', failed)
    child.once('close', (code, signal) => done({ code, signal, ...text }))
  })
  return { child, ended }
}

/** Asserts the exit code, that a message says each of these, and that nobody sees a stack trace. */
export function assertEnded(t: Test, ended: Ended, code: number, ...says: (string | RegExp)[]): void {
  const { stdout, stderr } = ended
  t.equal(ended.code, code, `exit code ${code}`) || t.comment(`${stdout}\n${stderr}`)
  const text = stdout + stderr
  for (const wanted of says) t.match(text, wanted, `says ${wanted}`)
  t.notMatch(text, /^\s+at .*:\d+:\d+\)?$/m, 'no stack trace')
  t.notMatch(text, /Internal error/, 'no error of its own')
  t.notOk(text.includes('\u001b'), 'no escape code, for this is no terminal')
}

/** Polls until `look` finds something; the test's own time limit is the end of it. */
export async function until<Value>(look: () => Value | undefined | false): Promise<Value> {
  for (;;) {
    const found = look()
    if (found !== undefined && found !== false) return found
    await new Promise((next) => setTimeout(next, 20))
  }
}

/** Whether a process works in that folder. */
export function runsIn(cwd: string): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`) === resolve(cwd)
    } catch {
      return false
    }
  })
}

/** Compares with a file under golden/; GOLDEN=write makes it anew. */
export function assertGolden(t: Test, name: string, text: string): void {
  const file = resolve('test/cli/golden', name)
  if (process.env.GOLDEN === 'write') writeFileSync(file, text)
  t.equal(text, readFileSync(file, 'utf8'), name)
}

/** Takes out what differs between two runs or two machines. */
export const normalised = (text: string): string =>
  text
    .replace(/\b\d+(\.\d+)? (ms|s)\b/g, '<time>')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:<port>')
    .replace(/\bJA3 [0-9a-f]{32}/g, 'JA3 <ja3>')
    .replace(/\bJA4 t\d\d\w+_[0-9a-f]{12}_[0-9a-f]{12}/g, 'JA4 <ja4>')
    .replace(/\b\d{8}-\d{6}-/g, '<started>-')
    .replace(/^badgateway \d+\.\d+\.\d+/gm, 'badgateway <version>')
    .replaceAll(process.versions.node, '<node>')
