/**
 * The queue in front of a pacer: a client's requests wait in order until they may begin. caller.ts asks before a
 * request's first attempt; when, is core/client/pacing's to say.
 */
import { createPacer, type Heard, type Pacer, type PacingConfig } from '../../core/client/pacing/index.js'
import { startTimer, stopTimer, type Timer } from '../clock.js'

export type Turn = 'go' | 'late' | 'aborted'

export class Pace {
  private readonly pacer: Pacer
  private readonly waiting: ((turn: Turn) => void)[] = []
  private timer: Timer | undefined
  private begun = 0

  /** @param draw in [0, 1), for the n-th request */
  constructor(
    config: PacingConfig,
    private readonly now: () => number,
    private readonly draw: (n: number) => number,
  ) {
    this.pacer = createPacer(config)
  }

  /** Resolves when the request may begin, or not in time. @param patienceMs so long it waits at most */
  turn(patienceMs: number, signal: AbortSignal): Promise<Turn> {
    return new Promise((resolve) => {
      const leave = (turn: Turn) => {
        const at = this.waiting.indexOf(come)
        if (at >= 0) this.waiting.splice(at, 1)
        come(turn)
      }
      const abort = () => leave('aborted')
      const patience = patienceMs === Number.POSITIVE_INFINITY ? undefined : startTimer(patienceMs, () => leave('late'))
      const come = (turn: Turn) => {
        stopTimer(patience)
        signal.removeEventListener('abort', abort)
        resolve(turn)
      }
      signal.addEventListener('abort', abort, { once: true })
      this.waiting.push(come)
      if (this.waiting.length === 1) this.advance()
    })
  }

  heard(heard: Heard): void {
    this.pacer.heard(heard)
    this.advance()
  }

  /** Of each that was let go. */
  ended(): void {
    this.pacer.ended(this.now())
    this.advance()
  }

  private advance(): void {
    stopTimer(this.timer)
    while (this.waiting.length > 0) {
      const answer = this.pacer.ask(this.now())
      if (!answer.go) {
        if (answer.again_ms !== undefined) this.timer = startTimer(answer.again_ms, () => this.advance())
        return
      }
      this.pacer.began(this.now(), this.draw(++this.begun))
      this.waiting.shift()!('go')
    }
  }
}
