/** The subject of a function of the caller's: called in this very process, in real time. A test suite hands it over. */
import type { Answer, Running, Send, Subject } from './driver.js'
import { answerTo, told } from './host/answer.js'

/** It takes what `fetch` takes, and a Response is all that it needs to answer. */
export type ClientFunction = Send

const MOST_ATTEMPTS = 4

export function functionSubject(client: ClientFunction): Subject {
  return {
    name: client.name || 'function',
    kind: 'function',
    versions: {},
    timeScale: 1,
    mostAttempts: MOST_ATTEMPTS,
    lacks: {},
    start: async () => running(client),
  }
}

/** It shares its process with the servers: what it has open can't be told from theirs. */
function running(client: ClientFunction): Running {
  const troubles: string[] = []
  const hear = (error: unknown): void => {
    const { name, message } = told(error)
    troubles.push(`nobody caught ${name}: ${message}`)
  }
  process.on('unhandledRejection', hear)
  const open = new Set<AbortController>()
  return {
    call(call) {
      const controller = new AbortController()
      open.add(controller)
      const now = () => performance.now()
      const answer: Promise<Answer> = answerTo(client, call, controller.signal, now).finally(() =>
        open.delete(controller),
      )
      return { answer, abort: () => controller.abort() }
    },
    delays: () => undefined,
    now: () => Date.now(),
    state: async () => undefined,
    troubles,
    async close() {
      for (const controller of open) controller.abort()
      // A rejection is told a turn after it happened.
      await new Promise((resolve) => setImmediate(resolve))
      process.removeListener('unhandledRejection', hear)
    },
  }
}
