/**
 * A program that goes on running as something to audit: `badgateway audit --lines -- ./my-client`. It is started once for a
 * rule, reads a JSON line for each call and answers with one, in real time. The command line calls it. It knows no rig.
 */
import { basename } from 'node:path'
import { CannotRunError, ScenarioError } from '../lib/errors.js'
import type { Running, Subject } from './driver.js'
import { type First, LineProcess } from './program/line_process.js'
import { lookUp } from './program/lookup.js'
import { lacksOf, type Ready } from './program/protocol.js'
import { has } from './program/telling.js'
import { versionsOf } from './program/version.js'

/** As many as are waited for of a program that is started for each call. */
const MOST_ATTEMPTS = 4

/** Who has not said by then that it is ready is taken for one that never does. */
const READY_LIMIT_MS = 10_000

/** One that did say it once says it again, also on a busy machine. */
const READY_AGAIN_LIMIT_MS = 30_000

// Those of a test suite that fakes its own later do not ring.
const { setTimeout, clearTimeout } = globalThis

/**
 * Starts the program once, to hear what it can.
 * @param words the program and its arguments
 * @throws ScenarioError for no program at all, and for one that says wrongly that it is ready
 * @throws CannotRunError for one that can't be run, or ends before it is asked anything
 */
export async function linesSubject(words: readonly string[], readyLimitMs = READY_LIMIT_MS): Promise<Subject> {
  const [name, ...args] = words
  if (name === undefined || name === '') {
    throw mistake('a program is missing after --, as in: badgateway audit --lines -- python3 client.py')
  }
  if (has(args, 'url')) {
    throw mistake('with --lines a program reads each URL from a line, and gets no {url} among its arguments')
  }
  const program = lookUp(name, process.env.PATH ?? '')
  const start = (): LineProcess => new LineProcess(program, args)
  const ready = await introduced(start, readyLimitMs)
  const { version } = ready ?? {}
  return {
    name: words.join(' '),
    kind: 'command',
    versions: version ? { [ready?.name || basename(program)]: version } : await versionsOf(program),
    timeScale: 1,
    mostAttempts: MOST_ATTEMPTS,
    lacks: lacksOf(ready ?? {}),
    unseen:
      'It has to read a JSON line for each call, to ask for its "url", and to send its "headers": by X-Request-Id among them ' +
      'its requests are known.',
    start: async () => {
      const first = start()
      try {
        if (ready) await readyOf(first, READY_AGAIN_LIMIT_MS)
        else void first.first.then(({ type }) => type === 'ready' && first.note('late', tooLate(readyLimitMs)))
      } catch (error) {
        await first.close()
        throw error
      }
      return new LinesClient(first, start, ready?.can ?? [])
    },
  }
}

/** Undefined where it does not say it. */
async function introduced(start: () => LineProcess, limitMs: number): Promise<Ready | undefined> {
  const process = start()
  try {
    return await readyOf(process, limitMs)
  } finally {
    await process.close()
  }
}

async function readyOf(process: LineProcess, limitMs: number): Promise<Ready | undefined> {
  let limit: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => {
    limit = setTimeout(() => resolve(undefined), limitMs)
  })
  const first: First | undefined = await Promise.race([process.first, late])
  clearTimeout(limit)
  if (first?.type === 'ended') {
    const remedy = 'It has to go on until the end of its standard input: see docs/auditing-programs.md'
    throw new CannotRunError(`Before it was asked anything, ${first.how}`, remedy)
  }
  if (first?.type === 'not-ready') {
    throw mistake(...first.problems.map((problem) => `${process.name} says wrongly that it is ready: ${problem}`))
  }
  return first?.ready
}

const tooLate = (limitMs: number): string =>
  `it says that it is ready, but did not within ${limitMs / 1000} s when it was started first: what it can was not asked for`

const mistake = (...messages: string[]): ScenarioError =>
  new ScenarioError(messages.map((message) => ({ path: '', message })))

/** Of a program that can do but one thing at a time there are as many as have a call to answer. */
class LinesClient implements Running {
  private readonly processes: LineProcess[]

  constructor(
    first: LineProcess,
    private readonly startAnother: () => LineProcess,
    private readonly can: NonNullable<Ready['can']>,
  ) {
    this.processes = [first]
  }

  call(call: Parameters<Running['call']>[0]): ReturnType<Running['call']> {
    const { body, ...rest } = call
    const { answer, abort } = this.free().call(this.can.includes('body') ? call : rest)
    return { answer, abort: () => this.can.includes('abort') && abort() }
  }

  private free(): LineProcess {
    const free = this.can.includes('many') ? this.processes[0] : this.processes.find(({ isIdle }) => isIdle)
    if (free) return free
    const another = this.startAnother()
    this.processes.push(another)
    return another
  }

  delays(): undefined {}

  now(): number {
    return Date.now()
  }

  async state(): Promise<undefined> {}

  get notes(): string[] {
    return this.processes.flatMap(({ notes }) => notes)
  }

  get troubles(): string[] {
    return this.processes.flatMap(({ end }) => end ?? [])
  }

  get end(): string | undefined {
    return this.troubles[0]
  }

  async close(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.close()))
  }
}
