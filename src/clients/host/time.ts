/**
 * The clock of a client's process, loaded before anything else there is (`node --import`): it runs so many times as fast as
 * the real one, and every delay that somebody asks for is remembered as it was asked. main.ts reads it; it must not
 * know what runs. Timers that Node sets for itself inside (DNS, the kernel's) are in real time.
 */
import { syncBuiltinESMExports } from 'node:module'
import { Socket } from 'node:net'
import timers from 'node:timers'
import timersPromises from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Delay } from '../driver.js'
import { createTimers, LONGEST_MS } from './timers.js'

/** The name of the variable that tells how many times as fast. */
export const SCALE = 'BADGATEWAY_TIME_SCALE'
/** How many times as fast as the real clock. */
export const scale = Number(process.env[SCALE] ?? 1)

const real = { performanceNow: performance.now.bind(performance), Date: globalThis.Date }
const origin = real.performanceNow()
/** When this clock was started, in real milliseconds since 1970. */
export const zero = performance.timeOrigin + origin

/** Milliseconds on this clock since it was started. */
export const elapsed = (): number => (real.performanceNow() - origin) * scale
const epochNow = (): number => Math.floor(zero + elapsed())

/** Beyond so many nobody reads them, and a client that waits in a tight loop must not fill the memory. */
const MOST_DELAYS = 100_000
let asked: Delay[] = []
let count = 0
let onDelay: (() => void) | undefined

/** Calls back with the first delay that was asked for since `takeDelays` was last called. */
export function hearDelays(hear: () => void): void {
  onDelay = hear
}

export function takeDelays(): Delay[] {
  const taken = asked
  asked = []
  return taken
}

function book(ms: number): void {
  if (++count > MOST_DELAYS) return
  asked.push({ at: elapsed(), ms })
  if (asked.length === 1) onDelay?.()
}

const clock = createTimers({ elapsed, scale, book })
/** How many timers are set that have not rung. */
export const timerCount = clock.size

installTimers()
installPromises()
installClocks()
installTimeouts()
syncBuiltinESMExports()

function installTimers(): void {
  const { setTimeout, setInterval, clear } = clock
  const replaced = { setTimeout, setInterval, clearTimeout: clear, clearInterval: clear }
  Object.assign(globalThis, replaced)
  Object.assign(timers, replaced)
}

function installPromises(): void {
  const wait = <T>(ms?: number, value?: T, options: WaitOptions = {}): Promise<T> =>
    new Promise((resolve, reject) => {
      const { signal, ref = true } = options
      if (signal?.aborted) return reject(abortError(signal))
      const timeout = clock.setTimeout(() => {
        signal?.removeEventListener('abort', cancel)
        resolve(value as T)
      }, ms)
      if (!ref) timeout.unref()
      const cancel = () => {
        timeout.close()
        reject(abortError(signal!))
      }
      signal?.addEventListener('abort', cancel, { once: true })
    })
  async function* every<T>(ms?: number, value?: T, options: WaitOptions = {}): AsyncGenerator<T> {
    const { signal, ref = true } = options
    if (signal?.aborted) throw abortError(signal)
    let due = 0
    let wake: (() => void) | undefined
    const rouse = () => wake?.()
    const interval = clock.setInterval(() => {
      due++
      rouse()
    }, ms)
    if (!ref) interval.unref()
    signal?.addEventListener('abort', rouse, { once: true })
    try {
      while (true) {
        if (signal?.aborted) throw abortError(signal)
        if (due === 0)
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        if (signal?.aborted) throw abortError(signal)
        for (; due > 0; due--) yield value as T
      }
    } finally {
      interval.close()
      signal?.removeEventListener('abort', rouse)
    }
  }
  Object.assign(timersPromises, { setTimeout: wait, setInterval: every })
  Object.assign(timersPromises.scheduler, {
    wait: (ms: number, options?: { signal?: AbortSignal }) => wait(ms, undefined, options),
  })
  Object.defineProperty(clock.setTimeout, promisify.custom, { enumerable: true, value: wait })
}

interface WaitOptions {
  signal?: AbortSignal | undefined
  ref?: boolean | undefined
}

function abortError(signal: AbortSignal): Error {
  const error = new Error('The operation was aborted', { cause: signal.reason })
  error.name = 'AbortError'
  return Object.assign(error, { code: 'ABORT_ERR' })
}

function installClocks(): void {
  const { Date: RealDate } = real
  RealDate.now = epochNow
  const ours: DateConstructor = new Proxy(RealDate, {
    construct: (target, parameters, asked) =>
      Reflect.construct(target, parameters.length > 0 ? parameters : [epochNow()], asked === ours ? target : asked),
    apply: () => new RealDate(epochNow()).toString(),
  })
  Object.defineProperty(RealDate.prototype, 'constructor', { value: ours, writable: true, configurable: true })
  globalThis.Date = ours
  const define = (on: object, name: string, value: unknown) =>
    Object.defineProperty(on, name, { value, writable: true, configurable: true, enumerable: true })
  define(performance, 'now', () => origin + elapsed())
  const { hrtime } = process
  const first = hrtime.bigint()
  const nanoseconds = () => first + BigInt(Math.round(elapsed() * 1e6))
  const pair = (before?: [number, number]): [number, number] => {
    const now = nanoseconds() - (before ? BigInt(before[0]) * SECOND + BigInt(before[1]) : 0n)
    return [Number(now / SECOND), Number(now % SECOND)]
  }
  process.hrtime = Object.assign(pair, { bigint: nanoseconds })
  const uptime = process.uptime()
  process.uptime = () => uptime + elapsed() / 1000
}

const SECOND = 1_000_000_000n

/** What counts in the client's milliseconds, but is kept by Node: real time limits, made shorter. */
function installTimeouts(): void {
  const { timeout } = AbortSignal
  AbortSignal.timeout = (ms) => {
    if (!Number.isInteger(ms) || ms < 0) return timeout.call(AbortSignal, ms)
    book(ms)
    return timeout.call(AbortSignal, ms > LONGEST_MS ? 1 : Math.ceil(ms / scale))
  }
  const { setTimeout: limit } = Socket.prototype
  Socket.prototype.setTimeout = function (this: Socket, ms, ring) {
    return limit.call(this, ms > 0 && ms <= LONGEST_MS ? Math.ceil(ms / scale) : ms, ring)
  }
}
