/**
 * Any program as something to audit: `badgateway audit -- curl --retry 3 {url}`. One process for each call, in real time.
 * The command line calls it. It knows no rig: which status a server answered with is for others to see.
 */
import { randomUUID } from 'node:crypto'
import { basename } from 'node:path'
import { ScenarioError } from '../lib/errors.js'
import type { Answer, Call, Lacks, Running, RunningCall, Subject } from './driver.js'
import { signalOf, toldEnd } from './program/end.js'
import { type Ended, type Group, KEPT_BYTES, startGroup } from './program/group.js'
import { lookUp } from './program/lookup.js'
import { environment, filledIn, has, tellingOf } from './program/telling.js'
import { versionsOf } from './program/version.js'

/** A program's second attempt is a second away, its fourth seven. */
const MOST_ATTEMPTS = 4

/** For one call: who is still at it then is ended. */
const CALL_LIMIT_MS = 60_000

/** A caller who gives up sends SIGTERM; who does not end on it in time is killed. */
const ABORT_LIMIT_MS = 2000

// Those of a test suite that fakes its own later do not ring.
const { setTimeout, clearTimeout } = globalThis
const now = performance.now.bind(performance)

/**
 * @param words the program and its arguments, with placeholders
 * @throws ScenarioError for no program at all
 * @throws CannotRunError for one that can't be run
 */
export async function commandSubject(words: readonly string[], limitMs = CALL_LIMIT_MS): Promise<Subject> {
  const [name, ...args] = words
  if (name === undefined || name === '') {
    const message = 'a program is missing after --, as in: badgateway audit -- curl --retry 3 {url}'
    throw new ScenarioError([{ path: '', message }])
  }
  const program = lookUp(name, process.env.PATH ?? '')
  return {
    name: words.join(' '),
    kind: 'command',
    versions: await versionsOf(program),
    timeScale: 1,
    mostAttempts: MOST_ATTEMPTS,
    knownByPath: true,
    lacks: lacksOf(args),
    unseen: has(args, 'url')
      ? 'It has to ask for {url} just as it is, or to send {id} as X-Request-Id.'
      : 'Put {url} among its arguments, or let it read BADGATEWAY_URL from its environment.',
    start: async () => runProgram(program, args, limitMs),
  }
}

function lacksOf(args: readonly string[]): Lacks {
  const none = 'a program is given no body'
  return {
    ...(!has(args, 'method') && { methods: 'its arguments have no {method}' }),
    body: none,
    stream: none,
    form: none,
    many: 'each call of a program is a process of its own',
  }
}

function runProgram(program: string, args: readonly string[], limitMs: number): Running {
  const calls = new Set<ProgramCall>()
  const troubles: string[] = []
  return {
    call(call) {
      const one = new ProgramCall(program, args, call, limitMs)
      calls.add(one)
      void one.answer.then(() => {
        calls.delete(one)
        if (one.crash !== undefined) troubles.push(one.crash)
      })
      return one
    },
    delays: () => undefined,
    now: () => Date.now(),
    state: async () => undefined,
    troubles,
    async close() {
      const left = [...calls]
      for (const one of left) one.end('closed')
      await Promise.all(left.map(({ answer }) => answer))
    },
  }
}

/** Why it was ended, where it did not end by itself. */
type EndedBy = 'abort' | 'limit' | 'closed'

class ProgramCall implements RunningCall {
  readonly answer: Promise<Answer>
  /** A signal that nobody of us sent. */
  crash: string | undefined
  private readonly group: Group
  private readonly since = now()
  private endedBy: EndedBy | undefined
  /** SIGTERM did not do. */
  private killed = false
  private timer: ReturnType<typeof setTimeout>

  constructor(
    private readonly program: string,
    args: readonly string[],
    call: Call,
    private readonly limitMs: number,
  ) {
    const telling = tellingOf(call, randomUUID())
    this.group = startGroup(program, filledIn(args, telling), environment(process.env, telling))
    this.timer = setTimeout(() => this.end('limit'), limitMs)
    this.answer = this.group.ended.then((ended) => this.told(ended))
  }

  abort(): void {
    if (this.endedBy) return
    this.endedBy = 'abort'
    this.group.ask()
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      this.killed = true
      this.group.kill()
    }, ABORT_LIMIT_MS)
  }

  end(by: EndedBy): void {
    this.endedBy ??= by
    this.group.kill()
  }

  private told(ended: Ended): Answer {
    clearTimeout(this.timer)
    const error = this.errorOf(ended)
    const lost = `it printed ${ended.lostBytes} bytes more than the ${KEPT_BYTES} that are kept`
    return {
      body: ended.stdout,
      ...(error && { error }),
      ...(ended.lostBytes > 0 && { note: lost }),
      ...(this.endedBy === 'limit' && { note: error!.message, cut: true as const }),
      ms: now() - this.since,
    }
  }

  private errorOf(ended: Ended): Answer['error'] {
    const { code, lastWords } = ended
    const name = basename(this.program)
    if (this.endedBy === 'abort') {
      const how = this.killed ? `did not end within ${ABORT_LIMIT_MS} ms of SIGTERM and was killed` : 'ended on SIGTERM'
      return { name: 'AbortError', message: `${name} ${how}` }
    }
    if (this.endedBy === 'limit') {
      const message = `${name} was still running after ${this.limitMs / 1000} s and was ended`
      return { name: 'TimeoutError', message: lastWords ? `${message}; it last said: ${lastWords}` : message }
    }
    if (this.endedBy === 'closed') return { name: 'AbortError', message: `${name} was ended with the audit` }
    if (code === 0) return undefined
    const signal = signalOf(code)
    if (signal !== undefined) this.crash = `${name} was ended by ${signal}`
    const message = toldEnd(name, ended)
    return { name: 'ExitError', ...(code !== null && { code: String(code) }), message }
  }
}
