/**
 * A real proxy in the place of a proxy hop: writes its configuration, starts it, waits until it answers, journals what
 * its log tells, and stops it. start.ts calls it in place of the mini proxy's own start. It knows no product: what to
 * write and what a line means is in src/proxies/.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Try } from '../../journal/events.js'
import { CannotRunError } from '../../lib/errors.js'
import type { LogReader, ProxyPlaces, ProxySettings, Told } from '../../proxies/driver.js'
import type { ProxyHop } from '../../scenario/hops.js'
import { HOST } from '../address_state.js'
import { wait, wallMs } from '../clock.js'
import { endingAt } from '../kernel_table.js'
import type { Address, Site } from '../site.js'
import { accepts, asks } from './asking.js'
import { noticeAddressFaults } from './evidence.js'
import { type Kept, keep } from './keeper.js'
import { mustBeFree, placesFor } from './places.js'
import { settingsOf } from './settings.js'
import type { Product } from './stand_in.js'
import { follow, type Tail } from './tail.js'

/** As long as a program may take to start on a busy machine. */
const READY_WITHIN_MS = 10_000

/** Between two marks, where the first one was not told at once. */
const ASK_AGAIN_MS = 50

/** A port that was free may be taken by the time that it is wanted. */
const PORT_TRIES = 5

/**
 * Starts the product as the hop `name` and resolves once it answers; it is ended by the site's scope.
 * @throws CannotRunError where a port is taken, or where it does not start, with its own words
 */
export async function startProduct(site: Site, name: string, hop: ProxyHop, product: Product): Promise<Address> {
  const settings = settingsOf(site, name, hop)
  const remedy = `Free the port, or leave "port" of hops.${name} out to get any free one`
  if (hop.port !== undefined) await mustBeFree(name, hop.port, remedy)
  for (let left = PORT_TRIES; ; left--) {
    const places = await placesFor(site, settings, hop)
    const started = await startAt(site, settings, places, product)
    if (started === 'port taken' && left > 0 && hop.port === undefined) continue
    if (typeof started !== 'string') return { hop: name, place: name, host: HOST, port: places.port }
    throw new CannotRunError(`Port ${places.port} for hop "${name}" is taken`, remedy)
  }
}

async function startAt(
  site: Site,
  settings: ProxySettings,
  places: ProxyPlaces,
  product: Product,
): Promise<Running | 'port taken'> {
  const { driver, name: productName, program } = product
  const file = join(places.folder, `${driver.program}.conf`)
  const text = (product.configuration ?? driver.configuration)(settings, places)
  product.configured?.(settings, text)
  writeFileSync(file, text)
  const log = join(places.folder, driver.log)
  writeFileSync(log, '')
  const habits = { output: driver.logsToStdout && log, signal: driver.stop }
  const start = () => keep(program, driver.arguments(file, places.folder), places.folder, habits)
  const running = new Running(site, settings, places, product, start, log)
  const late = await running.ready(product.readyWithin ?? READY_WITHIN_MS)
  if (late === undefined) {
    running.watch()
    return running
  }
  await running.close()
  if (/address already in use/i.test(running.kept.stderr)) return 'port taken'
  throw new CannotRunError(`${productName} did not start for hop "${settings.hop}": ${late}`, REMEDY)
}

const REMEDY = 'See what it complains about, or leave --proxy out to run the mini proxy'

/** One process of the product, from its start to its end. */
class Running {
  readonly kept: Kept
  private readonly reader: LogReader
  private readonly tail: Tail
  private readonly marks = new Map<string, () => void>()
  /** What it says before it answers: of one that never does, nothing is told but its last words. */
  private early: Told[] | undefined = []
  private marked = 0
  private closing = false

  constructor(
    private readonly site: Site,
    private readonly settings: ProxySettings,
    private readonly places: ProxyPlaces,
    private readonly product: Product,
    start: () => Kept,
    log: string,
  ) {
    this.reader = product.driver.reader(settings, places)
    this.tail = follow(log, (text) => {
      for (const told of this.reader.line(text)) this.tell(told)
    })
    // Only now: one that dies at once takes its folder along.
    this.kept = start()
    site.scope.add(() => this.close())
  }

  /** Resolves when it answers: with nothing, or with why it does not. */
  async ready(withinMs: number): Promise<string | undefined> {
    const { control, port } = this.places
    let ended: string | undefined
    void this.kept.gone.then((code) => {
      ended = this.product.driver.complaint(this.kept.stderr) ?? `it ended with exit code ${code}`
    })
    const until = wallMs() + withinMs
    while (wallMs() < until) {
      if (ended !== undefined) return ended
      if ((await asks(control, 'ready')) && (await accepts(port))) return undefined
      await wait(20)
    }
    return `it did not answer within ${withinMs / 1000} s`
  }

  /** From now on it must live, and what it logged is awaited at the end of a load. */
  watch(): void {
    const { site, settings, product, kept, early = [] } = this
    this.early = undefined
    for (const told of early) this.tell(told)
    site.onLoadEnd((signal) => this.settled(signal))
    void kept.gone.then(() => {
      if (this.closing) return
      const why = product.driver.complaint(kept.stderr)
      site.broken(`${product.name} in the place of hop "${settings.hop}" ended unasked${why ? `: ${why}` : ''}`)
    })
  }

  /**
   * Everything that has happened by now is in the journal: it does one thing after the other, and this comes last. One
   * that does several at once is asked again until all that had begun is told.
   */
  private async settled(signal: AbortSignal): Promise<void> {
    const mark = `mark-${++this.marked}`
    let over = signal.aborted
    const end = (): void => {
      over = true
    }
    const seen = new Promise<void>((resolve) => this.marks.set(mark, resolve)).then(end)
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    // One that has answered before it had read everything reads on, and logs the request when the client has gone too.
    const ending = async () => !this.product.driver.lateMarks && (await endingAt(this.places.port)) > 0
    while ((await ending()) && !signal.aborted && !this.closing) await wait(2)
    const ended = Promise.race([seen, aborted.then(end), this.kept.gone.then(end)])
    while (!over) {
      await asks(this.places.control, mark)
      this.tail.read()
      await Promise.race([ended, wait(ASK_AGAIN_MS)])
    }
  }

  async close(): Promise<void> {
    if (this.closing) return
    this.closing = true
    // The folder goes away with it: what it has written by now is read before, what it writes in ending is lost.
    this.tail.read()
    for (const told of this.reader.end()) this.tell(told)
    this.tail.close()
    await this.kept.stop()
  }

  private tell(told: Told): void {
    if (this.early) return void this.early.push(told)
    const { site, settings, product } = this
    if ('mark' in told) return this.marks.get(told.mark)?.()
    if ('trouble' in told) {
      if (!this.closing)
        site.broken(`${product.name} in the place of hop "${settings.hop}" is in trouble: ${told.trouble}`)
      return
    }
    const t =
      told.at === undefined ? site.now() : Math.max(0, Math.round((site.now() - (wallMs() - told.at)) * 1000) / 1000)
    const { event } = told
    if (event.event === 'forward')
      for (const one of event.tries as Try[]) noticeAddressFaults(site, settings.hop, one, t)
    site.journal({ ...event, t, hop: settings.hop } as Parameters<typeof site.journal>[0])
  }
}
