/**
 * A hop that runs in a process of its own, because a fault may kill it: start.ts calls it in place of the hop's own
 * start. The process does what the hop does; this side passes on what it journals, tells it the state of the faults,
 * and starts the next one after a crash. A process that ends unasked is no part of any experiment.
 */
import { NO_COUNTS } from '../../core/fault/plan.js'
import { CannotRunError } from '../../lib/errors.js'
import type { OriginHop } from '../../scenario/hops.js'
import { startTimer, stopTimer, type Timer, toSharedMs } from '../clock.js'
import { KeptPort } from '../kept_port.js'
import { type Address, formatAddress, type Site } from '../site.js'
import { type Channel, type Exit, openChannel } from './channel.js'
import type { FromProcess, RunState, ToProcess } from './protocol.js'

/** Whether a fault of this run may kill the hop. */
export const mayCrash = (site: Site, hop: string): boolean =>
  site.scenario.faults.some(({ on, effect }) => on === hop && effect.type === 'crash')

/** Starts the process of the hop and resolves once it listens; it is ended by the site's scope. */
export async function startHopProcess(site: Site, name: string, hop: OriginHop, path?: string): Promise<Address> {
  const life = new Life(site, name, hop, path)
  site.scope.add(() => life.close())
  const address = await life.start()
  site.onAddressChange(name, () => life.follow())
  site.onLoadEnd((signal) => life.finish(signal))
  return address
}

type State =
  /** From its launch on. */
  | { is: 'up'; channel: Channel }
  /** It said its last word: SIGKILL is next. */
  | { is: 'dying'; channel: Channel; crash: Extract<FromProcess, { say: 'crash' }> }
  /** Until the timer ends, if there is one; `next` has been launched and waits. */
  | { is: 'down'; next: Channel | undefined; timer: Timer | undefined }
  | { is: 'closed' }

/** Who ends in order does so at once. */
const CLOSE_LIMIT_MS = 2000

/** The processes of one hop, one after the other. */
class Life {
  private state: State = { is: 'down', next: undefined, timer: undefined }
  private started: { resolve(address: Address): void; reject(error: Error): void } | undefined
  private port: number | undefined
  private kept: KeptPort | undefined
  private counts = NO_COUNTS
  private zero: number | undefined
  private lastId = 0
  private readonly followed = new Map<number, () => void>()

  constructor(
    private readonly site: Site,
    private readonly name: string,
    private readonly hop: OriginHop,
    private readonly path: string | undefined,
  ) {
    this.port = hop.port
  }

  /** Resolves when a process listens: a new one, or the one that waits. */
  async start(channel = this.launch()): Promise<Address> {
    const { site, name, hop, port, path, counts } = this
    const { id, faults } = site.scenario
    const listening = new Promise<Address>((resolve, reject) => {
      this.started = { resolve, reject }
    })
    this.state = { is: 'up', channel }
    channel.tell({
      do: 'start',
      scenario: id,
      name,
      hop: { ...hop, port },
      path,
      faults: faults.filter(({ on }) => on === name),
      seed: site.chance.seed,
      journaling: site.journaling,
      ca: site.certificates.ca,
      state: this.runState(),
      counts,
    })
    const address = await listening.finally(() => {
      this.started = undefined
    })
    if (path === undefined) await this.keep(address.port)
    return address
  }

  /** While its process is dead nobody else is given the port: others would hear from clients of this hop. */
  private async keep(port: number): Promise<void> {
    this.port = port
    this.kept ??= await KeptPort.prepare(port)
    this.kept.release()
    if (this.state.is === 'closed') await this.kept.close()
  }

  /** The process knows of the faults what the run knows. A new load finds the hop alive, whatever happened before. */
  async follow(): Promise<void> {
    if (this.state.is === 'dying') await this.state.channel.gone
    const zero = this.site.loadStart()
    const anew = zero !== this.zero
    this.zero = zero
    if (anew) this.counts = NO_COUNTS
    if (this.state.is === 'down' && anew) return this.again()
    await this.done((id) => ({ do: 'follow', state: this.runState(), id }))
  }

  /** The load is over: resolves when the process has finished what it has in hand, or is gone. */
  async finish(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    if (!signal.aborted) await Promise.race([aborted, this.done((id) => ({ do: 'finish', id }))])
  }

  private async done(order: (id: number) => ToProcess): Promise<void> {
    if (this.state.is !== 'up') return
    const id = ++this.lastId
    const done = new Promise<void>((resolve) => this.followed.set(id, resolve))
    this.state.channel.tell(order(id))
    await done
  }

  async close(): Promise<void> {
    const { state } = this
    this.state = { is: 'closed' }
    if (state.is === 'down') stopTimer(state.timer)
    const channel = state.is === 'down' ? state.next : state.is === 'closed' ? undefined : state.channel
    if (channel) {
      channel.tell({ do: 'close' })
      const limit = startTimer(CLOSE_LIMIT_MS, () => channel.kill())
      await channel.gone
      stopTimer(limit)
    }
    await this.kept?.close()
  }

  private launch(): Channel {
    const channel: Channel = openChannel((message) => this.hear(channel, message))
    void channel.gone.then((exit) => this.ended(exit))
    return channel
  }

  private hear(channel: Channel, message: FromProcess): void {
    const { site } = this
    switch (message.say) {
      case 'event':
        return site.journal(message.event)
      case 'listening':
        return this.started!.resolve(message.address)
      case 'cannot_run':
        return this.started!.reject(new CannotRunError(message.what, message.remedy))
      case 'followed':
        this.followed.get(message.id)!()
        return void this.followed.delete(message.id)
      case 'ask':
        return void this.answer(channel, message)
      case 'broken':
        return site.broken(message.message)
      case 'crash':
        if (this.state.is !== 'up') return
        this.state = { is: 'dying', channel, crash: message }
        // Its listener was closed before that word (crash.ts).
        return void this.kept?.take()
    }
  }

  private async answer(channel: Channel, { of, id }: Extract<FromProcess, { say: 'ask' }>): Promise<void> {
    channel.tell({ do: 'answer', value: await this.site.certificates.of(...of), id })
  }

  private ended({ pid, signal, error }: Exit): void {
    const { site, state, name } = this
    for (const done of this.followed.values()) done()
    this.followed.clear()
    if (state.is === 'closed') return
    site.journal({ event: 'exit', t: site.now(), hop: name, pid, signal })
    this.state = { is: 'down', next: undefined, timer: undefined }
    if (state.is !== 'dying' || signal !== 'SIGKILL') return this.failed(error, signal)
    this.counts = state.crash.counts
    const after = state.crash.restart_after
    if (after === undefined) return
    // Launched ahead, it listens when it is due and not as much later as a process takes to start.
    this.state = { is: 'down', next: this.launch(), timer: startTimer(after, () => void this.again()) }
  }

  private failed(error: Error | undefined, signal: NodeJS.Signals | undefined): void {
    const how = error ? `could not start: ${error.message}` : `ended unasked${signal ? `, killed by ${signal}` : ''}`
    const what = `The process of hop "${this.name}" ${how}`
    if (!this.started) return this.site.broken(what)
    this.started.reject(new CannotRunError(what, 'See whether something on this machine ends processes, or is used up'))
  }

  private async again(): Promise<void> {
    const { site, state, name, hop } = this
    if (state.is !== 'down') return
    stopTimer(state.timer)
    try {
      const address = await this.start(state.next)
      site.journal({ event: 'hop', t: site.now(), hop: name, kind: hop.kind, address: formatAddress(address) })
    } catch (error) {
      site.broken(`hop "${name}" did not come back: ${(error as Error).message}`)
    }
  }

  private runState(): RunState {
    const { plan } = this.site
    const { faults } = this.site.scenario
    const mine = faults.filter(({ on }) => on === this.name).map(({ id }) => [id, plan.isArmed(id)] as const)
    const zero = this.zero === undefined ? undefined : toSharedMs(this.zero)
    return { zero, armed: Object.fromEntries(mine) }
  }
}
