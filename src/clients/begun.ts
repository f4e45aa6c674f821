/**
 * A client that was started to see whether it can be is kept for who asks for it first: to load one takes longer than most
 * rules do. The command line and audit.ts call it. It knows no rule.
 */
import type { Running, Subject } from './driver.js'

export interface Begun {
  /** The same; its first start() gives the client that runs. */
  subject: Subject
  /** Ends that client, where nobody asked for it. */
  close(): Promise<void>
}

/** @throws what its start() does */
export async function begun(subject: Subject): Promise<Begun> {
  let spare: Running | undefined = await subject.start()
  const take = (): Running | undefined => {
    const one = spare
    spare = undefined
    return one
  }
  return {
    subject: {
      ...subject,
      async start() {
        const one = take()
        if (one && one.end === undefined) return one
        // It came to its end meanwhile: whether that happens again is for a rule to see.
        await one?.close()
        return subject.start()
      },
    },
    close: async () => take()?.close(),
  }
}
