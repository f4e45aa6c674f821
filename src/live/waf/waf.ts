/**
 * The fake firewall: reads the ClientHello before the handshake, and requests where it can, and does what its rules or a
 * fault say; all else passes with its bytes unchanged: an RST on one side is an RST on the other, a FIN a FIN.
 */
import { createServer, type Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import { dialTlsSchema } from '../../core/tls.js'
import type { TlsProfileName } from '../../core/tls_profiles.js'
import { type Decision, Guard } from '../../core/waf/guard.js'
import type { Visit } from '../../core/waf/visit.js'
import type { WafHop } from '../../scenario/hops.js'
import { openBooks } from '../books.js'
import { dial } from '../dial.js'
import { Faults, type Line, sourceOf } from '../faults.js'
import { readHello } from '../hello.js'
import { listenAt, trackSockets } from '../listen.js'
import { pass } from '../pass.js'
import { fingerprints } from '../profiles.js'
import { type Address, endOfBytes, type Site, targetOf } from '../site.js'
import { dialOptions } from '../tls.js'
import { close, reset } from '../wire.js'
import { carryOut } from './actions.js'
import { Inspection } from './inspection.js'
import { type OpenTls, openTls } from './open_tls.js'

/** A firewall waits this long for the hop behind it; the proxy in front has limits of its own. */
const CONNECT_LIMIT_MS = 60_000

/** Starts the firewall hop `name` and resolves once it listens; it is closed by the site's scope. */
export async function startWaf(site: Site, name: string, hop: WafHop): Promise<Address> {
  const end = endOfBytes(site, hop.to)
  const readsRequests = hop.tls !== false || !end.tls
  const guarded = hop.rules.length > 0 || hop.bans !== undefined
  const firewall = new Firewall(
    site,
    name,
    hop,
    guarded ? await guards(hop, readsRequests) : () => undefined,
    hop.tls === false ? undefined : await openTls(site, end.name, hop.tls),
    await dialOptions(site.certificates, name, dialTlsSchema.parse({})),
  )
  site.onLoadStart(() => firewall.begin())
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (raw) => firewall.accept(raw))
  trackSockets(site, server)
  return listenAt(site, name, server, hop.port)
}

/** Makes guards that have counted nothing yet. */
async function guards(hop: WafHop, readsRequests: boolean): Promise<() => Guard> {
  const known = await fingerprints()
  const hashes = Object.fromEntries(known.map(({ profile, ja4 }) => [profile, ja4]))
  return () => new Guard(hop, hashes as Record<TlsProfileName, string>, readsRequests)
}

class Firewall {
  private readonly faults: Faults
  private guard: Guard | undefined

  constructor(
    private readonly site: Site,
    private readonly name: string,
    private readonly hop: WafHop,
    private readonly newGuard: () => Guard | undefined,
    private readonly openTls: OpenTls | undefined,
    private readonly tls: ConnectionOptions,
  ) {
    this.faults = new Faults(site, name)
    this.guard = newGuard()
  }

  /** A load begins: rates and bans of what was before are forgotten. */
  begin(): void {
    this.guard = this.newGuard()
  }

  accept(raw: Socket): void {
    const line: Line = { raw, peer: `${raw.remoteAddress}:${raw.remotePort}`, over: false }
    this.site.journal({ event: 'connection', t: this.site.now(), hop: this.name, peer: line.peer })
    this.faults.meet('accept', line, {}, { goOn: () => void this.read(line) })
  }

  private async read(line: Line): Promise<void> {
    const { raw, peer } = line
    const hello = await readHello(raw)
    if (raw.destroyed) return
    const visit: Visit = { address: sourceOf(line), hello }
    if (!hello) return this.judge(line, visit)
    const { ja3, ja4, sni } = hello
    this.site.journal({ event: 'hello', t: this.site.now(), hop: this.name, peer, ja3, ja4, sni })
    this.faults.meet('client_hello', line, hello, { goOn: () => this.judge(line, visit) })
  }

  /** Nothing is answered yet: an RST comes right after the ClientHello. */
  private judge(line: Line, visit: Visit): void {
    const decision = this.guard?.atConnection(visit, this.site.now())
    if (!decision) return this.letIn(line, visit)
    const { raw } = line
    const decided = () => this.tell(line, decision)
    if (decision.action.type === 'pass') {
      decided()
      return this.letIn(line, visit)
    }
    carryOut(decision.action, { raw, stream: raw, fired: decided, request: undefined })
  }

  private letIn(line: Line, visit: Visit): void {
    const { raw } = line
    if (!this.openTls) return this.converse(line, visit, raw, !visit.hello)
    // As OpenSSL does it when plain text comes: no word, just the end.
    if (!visit.hello) return close(raw)
    this.openTls(line, (stream) => this.converse(line, visit, stream, true))
  }

  /** @param readable it should be HTTP: what it says may be read */
  private converse(line: Line, visit: Visit, near: Socket, readable: boolean): void {
    if (!this.guard || !readable) return this.dial(near, (far) => void pass(near, far))
    new Inspection({
      line,
      near,
      dial: (reached) => this.dial(near, reached),
      judge: (request) => this.guard?.atRequest({ ...visit, request }, this.site.now()),
      tell: (decision, request) => this.tell(line, decision, request),
    }).begin()
  }

  private dial(near: Socket, reached: (far: Socket) => void): void {
    const { site, name, hop } = this
    const target = this.openTls
      ? targetOf(site, name, { hop: hop.to }, this.tls)
      : { ...site.addressOf(hop.to, name), servername: undefined }
    dial(site, target, CONNECT_LIMIT_MS, openBooks(target.servername !== undefined), (error, far) => {
      if (error || !far) return void reset(near)
      far.allowHalfOpen = true
      reached(far)
    })
  }

  private tell({ peer }: Line, { rule, action, banned, ban }: Decision, request?: string): void {
    const status = 'status' in action && request !== undefined ? action.status : undefined
    const at = { event: 'waf', t: this.site.now(), hop: this.name, peer } as const
    this.site.journal({ ...at, rule, action: action.type, status, request: request || undefined, banned, ban })
  }
}
