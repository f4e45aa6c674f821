/** A sum over the time just past, kept in slices: what the admissions remember that forget. Times must not decrease. */

export interface Window {
  add(nowMs: number, amount: number): void
  sum(nowMs: number): number
}

/** What was added counts for the span, or up to one slice less. */
export function createWindow(spanMs: number, slices = 10): Window {
  const sliceMs = spanMs / slices
  const amounts = new Float64Array(slices)
  let newest = 0
  let total = 0
  const forget = (nowMs: number) => {
    const slice = Math.floor(nowMs / sliceMs)
    for (let old = Math.max(newest + 1, slice - slices + 1); old <= slice; old++) {
      total -= amounts[old % slices]!
      amounts[old % slices] = 0
    }
    newest = Math.max(newest, slice)
  }
  return {
    add(nowMs, amount) {
      forget(nowMs)
      amounts[newest % slices]! += amount
      total += amount
    },
    sum(nowMs) {
      forget(nowMs)
      return total
    },
  }
}
