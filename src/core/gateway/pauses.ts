/**
 * Which targets nothing is sent to for now, and how they come back: paused, then probing one request at a time, then
 * open. Transitions are all here. The gateway asks before every try and tells of its end.
 */

type State =
  | { state: 'paused'; until_ms: number; for_ms: number; probes: number }
  /** `left` have to go well in a row; one may be under way. */
  | { state: 'probing'; under_way: boolean; left: number; for_ms: number; probes: number }

/** `probe`: it may go, and finds out for all; say so with its end. */
export type Gate = 'go' | 'probe' | 'wait'

export class Pauses {
  /** Open are those that are not in it. */
  private readonly targets = new Map<string, State>()

  /** True: it was not paused before. */
  pause(target: string, { for_ms, probes }: { for_ms: number; probes: number }, nowMs: number): boolean {
    const known = this.targets.has(target)
    this.targets.set(target, { state: 'paused', until_ms: nowMs + for_ms, for_ms, probes })
    return !known
  }

  /** What a request that would be sent now may do; for a probe, the next has to wait for its end. */
  pass(target: string, nowMs: number): Gate {
    const now = this.look(target, nowMs)
    if (!now) return 'go'
    if (now.state === 'paused' || now.under_way) return 'wait'
    now.under_way = true
    return 'probe'
  }

  /** How the request that was let through as a probe went; `null`: it came to nothing. True: the target is open again. */
  probed(target: string, ok: boolean | null, nowMs: number): boolean {
    const now = this.targets.get(target)
    if (now?.state !== 'probing') return false
    now.under_way = false
    if (ok === false) this.targets.set(target, { ...pausedAgain(now), until_ms: nowMs + now.for_ms })
    else if (ok && --now.left === 0) return this.targets.delete(target)
    return false
  }

  isPaused(target: string): boolean {
    return this.targets.has(target)
  }

  /** When to ask again for a target that said `wait`; undefined: when the probe under way has ended. */
  nextMs(target: string): number | undefined {
    const now = this.targets.get(target)
    return now?.state === 'paused' ? now.until_ms : undefined
  }

  private look(target: string, nowMs: number): State | undefined {
    const now = this.targets.get(target)
    if (now?.state !== 'paused' || nowMs < now.until_ms) return now
    const { for_ms, probes } = now
    const probing: State = { state: 'probing', under_way: false, left: probes, for_ms, probes }
    this.targets.set(target, probing)
    return probing
  }
}

const pausedAgain = ({ for_ms, probes }: State) => ({ state: 'paused', for_ms, probes }) as const
