/**
 * Active health of one server: results of checks in, its state and the delay until the next check out. Engines carry
 * the checks out; `Server.setChecked` is told what they came to. It knows no sockets, and nothing of passive health.
 */
import type { CheckVerdict, HealthCheckConfig } from './health_checks/index.js'

/** What active checks say; `draining`: it asks for no new requests. */
export type Checked = 'up' | 'down' | 'draining'

/** `failures`, `successes`: in a row, of those that it takes to leave this state. */
export type ActiveHealth =
  | { state: 'up'; failures: number }
  /** Well, and it asks for no new requests. */
  | { state: 'draining'; failures: number }
  | { state: 'down'; successes: number }

export type Thresholds = Pick<HealthCheckConfig, 'rise' | 'fall'>

export function initialHealth({ initial, fall }: Pick<HealthCheckConfig, 'initial' | 'fall'>): ActiveHealth {
  if (initial === 'down') return { state: 'down', successes: 0 }
  return { state: 'up', failures: initial === 'up' ? 0 : fall - 1 }
}

/**
 * The health of a server after one more check. As HAProxy has it, a server that drains is up again with the first check
 * that passes; one that is down and asks for no requests stays down.
 */
export function afterCheck(health: ActiveHealth, result: CheckVerdict['result'], config: Thresholds): ActiveHealth {
  if (health.state === 'down') {
    if (result !== 'passed') return { state: 'down', successes: 0 }
    const successes = health.successes + 1
    return successes >= config.rise ? { state: 'up', failures: 0 } : { state: 'down', successes }
  }
  if (result === 'passed') return { state: 'up', failures: 0 }
  if (result === 'drain') return { state: 'draining', failures: 0 }
  const failures = health.failures + 1
  return failures >= config.fall ? { state: 'down', successes: 0 } : { state: health.state, failures }
}

/** Milliseconds until the next check (HAProxy: srv_getinter). `draw` is in [0, 1). */
export function untilNextCheck(
  health: ActiveHealth,
  {
    interval,
    fast_interval,
    down_interval,
    jitter,
  }: Pick<HealthCheckConfig, 'interval' | 'fast_interval' | 'down_interval' | 'jitter'>,
  draw: number,
): number {
  const changing = (health.state === 'down' ? health.successes : health.failures) > 0
  const settled = health.state === 'down' ? (down_interval ?? interval) : interval
  const between = changing ? (fast_interval ?? interval) : settled
  return between * (1 + jitter * (2 * draw - 1))
}

/** In words, why the state is another one now. */
export function whyTurned(state: Checked, from: Checked, { why }: CheckVerdict, { rise, fall }: Thresholds): string {
  const inARow = (count: number, how: string) => (count === 1 ? `a check ${how}` : `${count} checks in a row ${how}`)
  if (state === 'down') return `${inARow(fall, 'failed')}: ${why}`
  if (state === 'draining') return `a check was answered with ${why}: no new requests`
  return from === 'draining' ? 'a check passed' : inARow(rise, 'passed')
}
