/** What was opened is closed, last first, whatever happened in between. Live hops and the rig hold one. */

export interface Scope extends AsyncDisposable {
  /** Remembers how to undo something; returns its argument's value for chaining. */
  add(close: () => void | Promise<void>): void
  /** Undoes all, last first; every step runs even if another failed; then throws what failed. Safe to call twice. */
  close(): Promise<void>
}

export function createScope(): Scope {
  const steps: (() => void | Promise<void>)[] = []
  let closing: Promise<void> | undefined
  const closeAll = async () => {
    const failures: unknown[] = []
    for (let step = steps.pop(); step; step = steps.pop()) {
      try {
        await step()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length === 1) throw failures[0]
    if (failures.length > 1) throw new AggregateError(failures, 'several steps of a clean-up failed')
  }
  const close = () => {
    closing ??= closeAll()
    return closing
  }
  return { add: (step) => void steps.push(step), close, [Symbol.asyncDispose]: close }
}
