/**
 * The audit's end of a client's process: starts it, calls the client in it, knows what it waits for and when it is gone.
 * library.ts and module.ts say what is in it.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { CannotRunError, ScenarioError } from '../lib/errors.js'
import type { Answer, Delay, Running } from './driver.js'
import type { FromHost, Spec, ToHost } from './host/messages.js'

export interface HostOptions {
  /** As the user named it. */
  name: string
  spec: Spec
  timeScale: number
  /** Its working directory. */
  folder: string
  /** Loaded behind the clock: what understands TypeScript. */
  loader?: string | undefined
}

/**
 * Starts a process with the client in it.
 * @throws ScenarioError when the user's file is not a client
 * @throws CannotRunError when it can't be loaded here
 */
export async function startHost(options: HostOptions): Promise<Running> {
  const host = new Host(options.timeScale, spawn(options))
  try {
    await host.load(options)
  } catch (error) {
    await host.close()
    throw error
  }
  return host
}

/** What the build made, also when this runs from its sources. */
function compiled(file: string): URL {
  const here = import.meta.url
  return new URL(here.endsWith('.ts') ? `../../dist/clients/host/${file}` : `./host/${file}`, here)
}

/** A test runner's doings, and proxies: a client asks loopback, and nobody else. */
const NOT_ITS =
  /^(NODE_OPTIONS|NODE_CHANNEL_.*|NODE_UNIQUE_ID|NODE_V8_COVERAGE|NODE_TEST_CONTEXT|_?TAP.*|(https?|all)_proxy)$/i

function spawn({ timeScale, folder, loader }: HostOptions): ChildProcess {
  const loaded = [compiled('time.js').href, ...(loader === undefined ? [] : [loader])]
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !NOT_ITS.test(name)))
  return fork(fileURLToPath(compiled('main.js')), {
    execArgv: [...loaded.flatMap((url) => ['--import', url]), `--max-old-space-size=${HEAP_MB}`],
    cwd: folder,
    // A group of its own: Ctrl-C is for the audit, which ends it, and whatever it started, in order.
    detached: true,
    env: { ...env, BADGATEWAY_TIME_SCALE: String(timeScale) },
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
}

/** A client that leaks ends before the machine does. */
const HEAP_MB = 512
/** Who prints more is told so. */
const MOST_PRINTED_BYTES = 1024 * 1024
/** Of what it printed last, for the message when it ends. */
const LAST_WORDS = 2000

class Host implements Running {
  readonly troubles: string[] = []
  private readonly asked: Delay[] = []
  private readonly answers = new Map<number, (answer: Answer) => void>()
  private readonly states = new Map<number, (state: Extract<FromHost, { told: 'state' }> | undefined) => void>()
  private loaded: { resolve(zero: number): void; reject(error: Error): void } | undefined
  private zero = 0
  private lastId = 0
  private printed = 0
  private lastWords = ''
  private closing = false
  end: string | undefined
  private over: string | undefined
  private readonly gone: Promise<void>

  constructor(
    private readonly timeScale: number,
    private readonly child: ChildProcess,
  ) {
    child.on('message', (message) => this.hear(message as FromHost))
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (piece: Buffer) => this.print(piece))
    this.gone = new Promise((resolve) => {
      const ended = (how: string): void => {
        this.ended(how)
        resolve()
      }
      child.once('error', ({ message }) => ended(message))
      child.once('close', (code, signal) => ended(signal ? `it was ended by ${signal}` : `it ended with code ${code}`))
    })
  }

  async load({ name, spec }: HostOptions): Promise<void> {
    const loading = new Promise<number>((resolve, reject) => {
      this.loaded = {
        resolve,
        reject: (error) => reject(error instanceof CannotRunError ? error : mistake(name, error.message)),
      }
    })
    const limit = setTimeout(() => this.loaded?.reject(tooLate(name)), LOAD_LIMIT_MS)
    this.tell({ do: 'load', spec })
    try {
      this.zero = await loading
    } finally {
      clearTimeout(limit)
      this.loaded = undefined
    }
  }

  call(call: Parameters<Running['call']>[0]): ReturnType<Running['call']> {
    const id = ++this.lastId
    const answer = new Promise<Answer>((resolve) => {
      if (this.over !== undefined) return resolve(noAnswer(this.over))
      this.answers.set(id, resolve)
      this.tell({ do: 'call', id, call })
    })
    return { answer, abort: () => this.tell({ do: 'abort', id }) }
  }

  delays(): readonly Delay[] {
    return this.asked
  }

  now(): number {
    return this.zero + (performance.timeOrigin + performance.now() - this.zero) * this.timeScale
  }

  async state(): ReturnType<Running['state']> {
    if (this.over !== undefined) return undefined
    const id = ++this.lastId
    const told = await new Promise<Extract<FromHost, { told: 'state' }> | undefined>((resolve) => {
      this.states.set(id, resolve)
      this.tell({ do: 'state', id })
    })
    return told && { sockets: told.sockets, timers: told.timers, heapBytes: told.heap_bytes }
  }

  /** What it still does is nobody's concern any more. */
  async close(): Promise<void> {
    this.closing = true
    const { pid } = this.child
    if (pid !== undefined && this.over === undefined) killGroup(pid)
    await this.gone
  }

  private tell(message: ToHost): void {
    if (this.child.connected) this.child.send(message, () => {})
  }

  private hear(message: FromHost): void {
    switch (message.told) {
      case 'loaded':
        return this.loaded?.resolve(message.zero)
      case 'failed':
        return this.loaded?.reject(
          message.remedy === undefined
            ? new Error(message.problem)
            : new CannotRunError(message.problem, message.remedy),
        )
      case 'answer':
        this.answers.get(message.id)?.(message.answer)
        return void this.answers.delete(message.id)
      case 'delays':
        return void this.asked.push(...message.delays)
      case 'state':
        this.states.get(message.id)?.(message)
        return void this.states.delete(message.id)
      case 'unhandled':
        return void this.troubles.push(`nobody caught ${message.message}`)
    }
  }

  private print(piece: Buffer): void {
    this.lastWords = (this.lastWords + piece.toString('utf8')).slice(-LAST_WORDS)
    const before = this.printed
    this.printed += piece.length
    if (before <= MOST_PRINTED_BYTES && this.printed > MOST_PRINTED_BYTES)
      this.troubles.push('it printed more than 1 MB')
  }

  private ended(how: string): void {
    this.over = how
    if (!this.closing) this.end = how
    this.loaded?.reject(new Error(`${how} while it was loaded. ${this.lastWords.trim()}`.trim()))
    if (!this.closing) this.troubles.push(how)
    for (const settle of this.answers.values()) settle(noAnswer(how))
    for (const settle of this.states.values()) settle(undefined)
    this.answers.clear()
    this.states.clear()
  }
}

/** With whatever it started: its group has its number. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left.
  }
}

/** TypeScript is slow to load; who takes longer waits for something that does not come. */
const LOAD_LIMIT_MS = 30_000

const tooLate = (name: string): Error =>
  new CannotRunError(
    `${name} was not loaded within ${LOAD_LIMIT_MS / 1000} s`,
    'See what it does when it is imported: it must not wait for anything',
  )

const mistake = (name: string, message: string): Error =>
  new ScenarioError([{ path: '', message: `${name}: ${message}` }])

const noAnswer = (how: string): Answer => ({
  error: { name: 'ClientGone', code: 'BADGATEWAY_CLIENT_GONE', message: `the client's process is gone: ${how}` },
  ms: 0,
})
