/**
 * The process of one client: a library or a file of the user's, on the clock of time.ts. It does what its parent asks
 * and tells what came of it. It ends with its parent, also when that is killed, and so does whatever it started: it has a
 * process group of its own.
 */
import { Worker } from 'node:worker_threads'
import type { Send } from '../driver.js'
import { answerTo, told } from './answer.js'
import type { FromHost, Spec, ToHost } from './messages.js'
import { sendOfModule } from './module_export.js'
import { heapBytes, openSockets } from './open.js'
import { elapsed, hearDelays, scale, takeDelays, timerCount, zero } from './time.js'
import { warmUp } from './warm.js'

const { setImmediate } = globalThis
const tell = (message: FromHost): void => void (process.connected && process.send!(message, undefined, {}, () => {}))

let send: Send | undefined
const calls = new Map<number, AbortController>()

function tellDelays(): void {
  const delays = takeDelays()
  if (delays.length > 0) tell({ told: 'delays', delays })
}

async function load(spec: Spec): Promise<void> {
  try {
    if (spec.type === 'library') {
      send = await fromDriver(spec)
      await warmUp(await fromDriver(spec), elapsed, scale)
    } else {
      send = await sendOfModule(spec)
      await warmUp(undefined, elapsed, scale)
    }
    takeDelays()
    hearDelays(() => setImmediate(tellDelays))
    tell({ told: 'loaded', zero })
  } catch (error) {
    tell({ told: 'failed', problem: told(error).message, ...remedyOf(error) })
  }
}

const remedyOf = (error: unknown): { remedy?: string } =>
  error instanceof Error && 'remedy' in error ? { remedy: String(error.remedy) } : {}

async function fromDriver({ name, packages }: Extract<Spec, { type: 'library' }>): Promise<Send> {
  // A file of the user's need not wait for twenty drivers.
  const { libraries } = await import('../index.js')
  return libraries[name]!.create((needed) => import(packages[needed]!))
}

async function call({ id, call }: Extract<ToHost, { do: 'call' }>): Promise<void> {
  const controller = new AbortController()
  calls.set(id, controller)
  const answer = await answerTo(send!, call, controller.signal, elapsed)
  calls.delete(id)
  tellDelays()
  tell({ told: 'answer', id, answer })
}

function hear(message: ToHost): void {
  switch (message.do) {
    case 'load':
      return void load(message.spec)
    case 'call':
      return void call(message)
    case 'abort':
      return calls.get(message.id)?.abort()
    case 'state':
      tellDelays()
      return tell({
        told: 'state',
        id: message.id,
        sockets: openSockets(),
        timers: timerCount(),
        heap_bytes: heapBytes(),
      })
  }
}

const unhandled = (error: unknown): void => {
  const { name, message } = told(error)
  tell({ told: 'unhandled', message: `${name}: ${message}` })
}

/**
 * A client in an endless loop does not hear that its parent is gone: somebody else looks after it. Who that parent is, is
 * asked here: the other thread may begin so late that it is gone by then.
 */
function followParent(): void {
  const watch = `const { workerData: parent } = require('node:worker_threads')
setInterval(() => { if (process.ppid !== parent) process.kill(0, 'SIGKILL') }, 500)`
  new Worker(watch, { eval: true, execArgv: [], env: {}, workerData: process.ppid }).unref()
}

followParent()
process.on('message', (message) => hear(message as ToHost))
process.on('unhandledRejection', unhandled)
process.on('uncaughtException', unhandled)
process.on('disconnect', () => process.kill(0, 'SIGKILL'))
