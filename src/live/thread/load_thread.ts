/**
 * The hops' end of the thread that all clients run in: starts it with the first run, hands it clients, passes on what
 * they journal. load.ts and rig.ts call it. Between two runs the thread waits, and keeps no process alive.
 *
 * Why all of them, and not only those that send much: with a client in it, the event loop of the hops is busy with what
 * is none of a gateway's work, and the answer that is measured waits behind the next request. What the two loops may
 * then disagree about is kept in order elsewhere: the states of addresses in memory that both see (address_states.ts),
 * whether the bytes before an RST were read by the kernel's table (wire.ts), and time by the machine's clock.
 */
import { Worker } from 'node:worker_threads'
import { InvariantError } from '../../lib/errors.js'
import type { ClientConfig } from '../../scenario/clients.js'
import { toSharedMs } from '../clock.js'
import { compiled } from '../compiled.js'
import type { LiveSite } from '../start.js'
import type { FromThread, Ready, RunOrder, ToThread } from './protocol.js'

/** Runs the load of all these clients; resolves when every request is done and journaled, or soon after an abort. */
export async function runClients(
  site: LiveSite,
  clients: Readonly<Record<string, ClientConfig>>,
  signal: AbortSignal,
): Promise<void> {
  if (Object.keys(clients).length === 0) return
  await startLoadThread().run(site, orderOf(site, clients), signal)
}

/** Started ahead it is there when the hops are. */
export function startLoadThread(): LoadThread {
  thread ??= new LoadThread(() => {
    thread = undefined
  })
  return thread
}

let thread: LoadThread | undefined

function orderOf(site: LiveSite, clients: Readonly<Record<string, ClientConfig>>): RunOrder {
  const { id, hops, faults, in_turn } = site.scenario
  const zero = site.loadStart()
  const addressesOf = (client: string) =>
    Object.fromEntries(Object.keys(hops).map((hop) => [hop, site.addressOf(hop, client)]))
  return {
    scenario: { id, hops, faults, in_turn },
    clients,
    addresses: Object.fromEntries(Object.keys(clients).map((client) => [client, addressesOf(client)])),
    states: site.addressStates.shared,
    seed: site.chance.seed,
    journaling: site.journaling,
    ca: site.certificates.ca,
    zero: zero === undefined ? undefined : toSharedMs(zero),
  }
}

interface Running {
  site: LiveSite
  ended(): void
  failed(error: Error): void
}

class LoadThread {
  /** Resolves when clients can run in it: a load that began before would wait for it, and its faults would not. */
  readonly ready: Promise<void>
  private readonly worker: Worker
  private readonly runs = new Map<number, Running>()
  private count = 0

  /** @param onGone it can't be used any more */
  constructor(onGone: () => void) {
    // Nothing of a test runner: its loaders and counters are not for our thread.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(NODE_|_?TAP)/.test(name)))
    this.worker = new Worker(compiled('thread/thread.js'), { execArgv: [], env })
    let failed = (_: Error): void => {}
    this.ready = new Promise((resolve, reject) => {
      failed = reject
      this.worker.once('message', () => resolve())
    })
    // Who waits for it hears; nobody need.
    this.ready.catch(() => {})
    const gone = (why: string) => {
      onGone()
      const error = new InvariantError(`the thread of the clients ${why}`)
      failed(error)
      for (const { failed } of this.runs.values()) failed(error)
    }
    this.worker.on('message', (message: FromThread | Ready) => {
      if (message.say !== 'ready') this.hear(message)
    })
    this.worker.on('error', (error) => gone(`failed: ${error.message}`))
    this.worker.on('exit', () => gone('ended'))
    // Behind the listeners: whoever listens for messages holds the process.
    this.worker.unref()
  }

  async run(site: LiveSite, order: RunOrder, signal: AbortSignal): Promise<void> {
    const number = ++this.count
    const stop = () => this.tell({ do: 'stop', run: number })
    const done = new Promise<void>((ended, failed) => this.runs.set(number, { site, ended, failed }))
    this.worker.ref()
    this.tell({ do: 'run', run: number, order })
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    try {
      await done
    } finally {
      signal.removeEventListener('abort', stop)
      this.runs.delete(number)
      if (this.runs.size === 0) this.worker.unref()
    }
  }

  private tell(message: ToThread): void {
    this.worker.postMessage(message)
  }

  private hear(message: FromThread): void {
    const running = this.runs.get(message.run)
    if (!running) return
    const { site } = running
    switch (message.say) {
      case 'events':
        for (const event of JSON.parse(message.events)) site.journal(event)
        return
      case 'ask':
        return void site.certificates
          .of(...message.of)
          .then((value) => this.tell({ do: 'answer', run: message.run, id: message.id, value }))
      case 'broken':
        return site.broken(message.message)
      case 'ended':
        return running.ended()
      case 'failed':
        return running.failed(new InvariantError(`the load failed: ${message.message}`))
    }
  }
}
