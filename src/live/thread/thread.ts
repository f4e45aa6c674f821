/**
 * The thread of all clients of this process: what they compute delays no hop, and no hop them. load_thread.ts starts it
 * and tells it which clients to run; several runs share it.
 */
import { parentPort } from 'node:worker_threads'
import type { JournalEvent } from '../../journal/events.js'
import { runClient } from '../client/client.js'
import { roundMs } from '../clock.js'
import type { FromThread, Ready, RunOrder, ToThread } from './protocol.js'
import { createThreadSite, type Said, type ThreadSite } from './thread_site.js'
import { type Toll, watchToll, weighIdle } from './toll.js'

interface Running {
  site: ThreadSite
  toll: Toll
  stop(): void
}

const port = parentPort!
const runs = new Map<number, Running>()

async function run(number: number, order: RunOrder): Promise<void> {
  const say = (message: Said) => port.postMessage({ ...message, run: number } satisfies FromThread)
  const end = new AbortController()
  const stop = () => end.abort()
  const site = createThreadSite(order, say, stop)
  const toll = watchToll()
  runs.set(number, { site, toll, stop })
  if (runs.size > 1) for (const one of runs.values()) one.toll.shared()
  const watched = { ...site, journal: listening(site, toll) }
  const work = Object.entries(order.clients).map(([name, config]) =>
    runClient(watched, name, config, end.signal).catch((error) => {
      stop()
      throw error
    }),
  )
  const ended = await Promise.allSettled(work)
  site.flush()
  const { maxLagMs, thread } = await toll.stop()
  runs.delete(number)
  site.journal({ event: 'thread', t: site.now(), ...thread })
  site.journal({ event: 'lag', t: site.now(), max_ms: roundMs(maxLagMs) })
  site.flush()
  const failed = ended.find((one) => one.status === 'rejected')
  if (failed) say({ say: 'failed', message: messageOf(failed.reason) })
  else say({ say: 'ended' })
}

const listening =
  ({ journal }: ThreadSite, toll: Toll) =>
  (event: JournalEvent): void => {
    toll.heard(event)
    journal(event)
  }

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

port.on('message', (message: ToThread) => {
  switch (message.do) {
    case 'run':
      return void run(message.run, message.order)
    case 'stop':
      return runs.get(message.run)?.stop()
    case 'answer':
      return runs.get(message.run)?.site.answered(message.id, message.value)
  }
})
weighIdle()
port.postMessage({ say: 'ready' } satisfies Ready)
