/** How well it went through one exit lately: what the assignment `health_weighted` weighs by. */

/** Old ends count half after so long. */
const HALF_LIFE_MS = 30_000
/** Whom nobody gives anything is never found well again. */
const LEAST = 0.01

export class Health {
  private ok = 0
  private all = 0
  private at = Number.NEGATIVE_INFINITY

  ended(ok: boolean, nowMs: number): void {
    const kept = this.kept(nowMs)
    this.ok = this.ok * kept + (ok ? 1 : 0)
    this.all = this.all * kept + 1
    this.at = Math.max(this.at, nowMs)
  }

  /** From 0.01 to 1, and 1 for an exit of which nothing is known: as if one had gone well before. */
  share(nowMs: number): number {
    const kept = this.kept(nowMs)
    return Math.max(LEAST, (this.ok * kept + 1) / (this.all * kept + 1))
  }

  private kept(nowMs: number): number {
    return this.all === 0 ? 1 : 0.5 ** (Math.max(0, nowMs - this.at) / HALF_LIFE_MS)
  }
}
