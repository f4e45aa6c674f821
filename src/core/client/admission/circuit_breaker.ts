import { z } from 'zod'
import { duration, share } from '../../../lib/quantity.js'
import { bearing } from '../bearing.js'
import type { AdmissionState, Ask } from './admission.js'
import { createWindow } from './window.js'

const schema = z.strictObject({
  type: z.literal('circuit_breaker'),
  failures: share().prefault('50%').meta({ description: 'It opens when so many of the attempts failed' }),
  window: z
    .union(
      [
        duration().transform((ms) => ({ ms })),
        z
          .int()
          .min(1)
          .max(100_000)
          .transform((attempts) => ({ attempts })),
      ],
      {
        error: 'expected a duration with its unit, such as 10s, or a number of attempts, such as 100',
      },
    )
    .prefault('10s')
    .meta({ description: 'Of which attempts: those that ended in the last so long, or the last so many' }),
  minimum: z
    .int()
    .min(1)
    .max(100_000)
    .default(20)
    .meta({ description: 'Of fewer attempts it judges nothing, unless the window holds no more' }),
  open: duration().prefault('30s').meta({ description: 'So long it refuses all, then it lets probes through' }),
  probes: z
    .int()
    .min(1)
    .max(1000)
    .default(1)
    .meta({ description: 'All of these must succeed for it to close; one that fails opens it again' }),
})

type Config = z.output<typeof schema>

type State =
  | { state: 'closed'; since_ms: number; tally: Tally }
  | { state: 'open'; until_ms: number }
  /** `probes` are under way, `passed` came back well. */
  | { state: 'half_open'; probes: Set<Ask>; passed: number }

/** Nygard, Release It! (2007); the words are those of resilience4j. */
export const circuit_breaker = {
  summary: 'refuses all attempts for a while when too many failed, then lets a few through to see',
  schema,
  create(config: Config): AdmissionState {
    let now: State = closed(config, Number.NEGATIVE_INFINITY)
    return {
      judge: (ask) => ({ admit: passes(config, now, ask) }),
      granted(ask) {
        if (now.state === 'open') now = { state: 'half_open', probes: new Set(), passed: 0 }
        if (now.state === 'half_open') now.probes.add(ask)
      },
      ended(end) {
        const bears = bearing(end)
        if (now.state === 'half_open' && now.probes.delete(end.ask)) {
          if (bears === 'failure') now = opened(config, end.now_ms)
          else if (bears !== 'none' && ++now.passed >= config.probes) now = closed(config, end.now_ms)
        } else if (now.state === 'closed' && bears !== 'none' && end.ask.now_ms >= now.since_ms) {
          now.tally.add(end.now_ms, bears === 'failure')
          if (now.tally.tooMany(end.now_ms)) now = opened(config, end.now_ms)
        }
        // What was sent before it opened says nothing about now.
      },
    }
  },
} as const

function passes({ probes }: Config, now: State, { now_ms }: Ask): boolean {
  if (now.state === 'closed') return true
  if (now.state === 'open') return now_ms >= now.until_ms
  return now.probes.size + now.passed < probes
}

const opened = ({ open }: Config, nowMs: number): State => ({ state: 'open', until_ms: nowMs + open })

const closed = (config: Config, nowMs: number): State => ({
  state: 'closed',
  since_ms: nowMs,
  tally: createTally(config),
})

/** The attempts that it judges by. */
interface Tally {
  add(nowMs: number, failed: boolean): void
  tooMany(nowMs: number): boolean
}

function createTally({ window, minimum, failures }: Config): Tally {
  const enough = (failed: number, ended: number, least: number) => ended >= least && failed >= failures * ended
  if ('ms' in window) {
    const ended = createWindow(window.ms)
    const failed = createWindow(window.ms)
    return {
      add(nowMs, hasFailed) {
        ended.add(nowMs, 1)
        failed.add(nowMs, hasFailed ? 1 : 0)
      },
      tooMany: (nowMs) => enough(failed.sum(nowMs), ended.sum(nowMs), minimum),
    }
  }
  const last: boolean[] = []
  let failed = 0
  return {
    add(_nowMs, hasFailed) {
      last.push(hasFailed)
      if (hasFailed) failed++
      if (last.length > window.attempts && last.shift()) failed--
    },
    tooMany: () => enough(failed, last.length, Math.min(minimum, window.attempts)),
  }
}
