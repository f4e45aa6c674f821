/**
 * A real proxy in the place of a proxy hop: writes its configuration, starts it, waits until it answers, journals what
 * its log tells, and stops it. start.ts calls it in place of the mini proxy's own start. It knows no product: what to
 * write and what a line means is in src/proxies/.
 */
import { writeFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { get } from 'node:http'
import { createConnection, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keyTypesOf } from '../../core/tls.js'
import type { Try } from '../../journal/events.js'
import { CannotRunError } from '../../lib/errors.js'
import type { KeyPairFiles, LogReader, ProxyPlaces, ProxySettings, Told } from '../../proxies/driver.js'
import type { ProxyHop } from '../../scenario/hops.js'
import { HOST, listen } from '../address_state.js'
import type { KeyPair } from '../certificates.js'
import { wait, wallMs } from '../clock.js'
import { NO_ROUTE } from '../dial.js'
import { type Address, formatAddress, type Site, targetOf } from '../site.js'
import { noticeAddressFaults } from './evidence.js'
import { type Kept, keep } from './keeper.js'
import { settingsOf } from './settings.js'
import type { Product } from './stand_in.js'
import { follow, type Tail } from './tail.js'

/** As long as a program may take to start on a busy machine. */
const READY_WITHIN_MS = 10_000

/** A port that was free may be taken by the time that it is wanted. */
const PORT_TRIES = 5

/**
 * Starts the product as the hop `name` and resolves once it answers; it is ended by the site's scope.
 * @throws CannotRunError where a port is taken, or where it does not start, with its own words
 */
export async function startProduct(site: Site, name: string, hop: ProxyHop, product: Product): Promise<Address> {
  const settings = settingsOf(site, name, hop)
  if (hop.port !== undefined) await mustBeFree(name, hop.port)
  for (let left = PORT_TRIES; ; left--) {
    const places = await placesFor(site, settings, hop)
    const started = await startAt(site, settings, places, product)
    if (started === 'port taken' && left > 0 && hop.port === undefined) continue
    if (typeof started !== 'string') return { hop: name, place: name, host: HOST, port: places.port }
    throw new CannotRunError(
      `Port ${places.port} for hop "${name}" is taken`,
      `Free the port, or leave "port" of hops.${name} out`,
    )
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
  const kept = keep(program, driver.arguments(file, places.folder), places.folder)
  const running = new Running(site, settings, places, product, kept, log)
  const late = await running.ready(product.readyWithin ?? READY_WITHIN_MS)
  if (late === undefined) {
    running.watch()
    return running
  }
  await running.close()
  if (/address already in use/i.test(late)) return 'port taken'
  throw new CannotRunError(`${productName} did not start for hop "${settings.hop}": ${late}`, REMEDY)
}

const REMEDY = 'See what it complains about, or leave --proxy out to run the mini proxy'

/** One process of the product, from its start to its end. */
class Running {
  private readonly reader: LogReader
  private readonly tail: Tail
  private readonly marks = new Map<string, () => void>()
  private marked = 0
  private closing = false

  constructor(
    private readonly site: Site,
    private readonly settings: ProxySettings,
    private readonly places: ProxyPlaces,
    private readonly product: Product,
    private readonly kept: Kept,
    log: string,
  ) {
    this.reader = product.driver.reader(settings, places)
    this.tail = follow(log, (text) => {
      for (const told of this.reader.line(text)) this.tell(told)
    })
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
    const { site, settings, product, kept } = this
    site.onLoadEnd((signal) => this.settled(signal))
    void kept.gone.then(() => {
      if (this.closing) return
      const why = product.driver.complaint(kept.stderr)
      site.broken(`${product.name} in the place of hop "${settings.hop}" ended unasked${why ? `: ${why}` : ''}`)
    })
  }

  /** Everything that has happened by now is in the journal: it does one thing after the other, and this comes last. */
  private async settled(signal: AbortSignal): Promise<void> {
    const mark = `mark-${++this.marked}`
    const seen = new Promise<void>((resolve) => this.marks.set(mark, resolve))
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    if (signal.aborted) return
    await asks(this.places.control, mark)
    this.tail.read()
    await Promise.race([seen, aborted, this.kept.gone])
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

/** Where everything is to be: free ports, a folder of its own with the certificates, and the addresses of the servers. */
async function placesFor(site: Site, settings: ProxySettings, hop: ProxyHop): Promise<ProxyPlaces> {
  const folder = await mkdtemp(join(tmpdir(), 'badgateway-'))
  const { certificates } = site
  const write = (name: string, text: string): string => {
    const path = join(folder, name)
    writeFileSync(path, text, { mode: 0o600 })
    return path
  }
  const writePair = (name: string, { cert, key }: KeyPair): KeyPairFiles => ({
    cert: write(`${name}.crt`, cert),
    key: write(`${name}.key`, key),
  })
  const { tls, upstream_tls } = settings
  const types = tls ? keyTypesOf(tls) : []
  const own = await Promise.all(types.map((key) => certificates.of(settings.hop, { key })))
  const client = upstream_tls.client_certificate ? await certificates.of(settings.hop, { client: true }) : undefined
  return {
    folder,
    port: hop.port ?? (await freePort()),
    control: await freePort(),
    addresses: hop.to.map((edge) => addressFor(site, settings.hop, edge)),
    name_server: site.nameServer,
    ca: write('ca.crt', certificates.ca),
    own: own.map((pair, index) => writePair(`own-${types[index]}`, pair)),
    client: client && writePair('client', client),
    privileged: process.getuid?.() === 0,
  }
}

/** Without a route it dials where none leads, as our own dialler does. */
function addressFor(site: Site, hop: string, edge: ProxyHop['to'][number]): string {
  const target = targetOf(site, hop, edge, {})
  const lost = site.plan.address(target.place, 0)?.effect.type === 'unreachable'
  return formatAddress(lost ? { ...target, host: NO_ROUTE } : target)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await listen(server, 0)
  const { port } = server.address() as { port: number }
  await closed(server)
  return port
}

async function mustBeFree(hop: string, port: number): Promise<void> {
  const server = createServer()
  await listen(server, port).catch((error: NodeJS.ErrnoException) => {
    const what = error.code === 'EACCES' ? 'needs privileges' : 'is taken'
    const remedy = `Free the port, or leave "port" of hops.${hop} out to get any free one`
    throw new CannotRunError(`Port ${port} for hop "${hop}" ${what}`, remedy, { cause: error })
  })
  await closed(server)
}

const closed = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()))

/** Whether somebody accepts connections there. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: HOST, port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** Asks it to write a mark into its log; true once it has answered. */
function asks(control: number, mark: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(
      { host: HOST, port: control, path: `/?mark=${mark}`, agent: false, timeout: 2000 },
      (response) => {
        response.resume()
        response.once('end', () => resolve(true))
      },
    )
    request.once('timeout', () => request.destroy())
    request.once('error', () => resolve(false))
    request.once('close', () => resolve(false))
  })
}
