/** Ctrl-C and SIGTERM: what ran is cleaned up and reported, then the process ends with 130 or 143. */

const CODES = { SIGINT: 130, SIGTERM: 143 } as const

/** Runs `work` with a signal that the first interruption aborts; a second one ends the process at once. */
export async function interruptible(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const stop = new AbortController()
  let code: number | undefined
  const onSignal = (name: NodeJS.Signals) => {
    if (code !== undefined) process.exit(code)
    code = CODES[name as keyof typeof CODES]
    console.error('\nInterrupted: closing the hops and writing the report of what ran. Once more ends it at once.')
    stop.abort()
  }
  for (const name of Object.keys(CODES) as NodeJS.Signals[]) process.on(name, onSignal)
  try {
    const result = await work(stop.signal)
    return code ?? result
  } finally {
    for (const name of Object.keys(CODES) as NodeJS.Signals[]) process.removeListener(name, onSignal)
  }
}
