/**
 * HAProxy's log as the journal's events. A request is one line, written when it has ended; its termination state tells as
 * much of the failure as HAProxy does, and its retries tell of tries before the last. Lines of other kinds are about servers.
 */
import type { Failure } from '../../core/failure.js'
import { type Reading, readTermination, tellsClientLeft } from '../../dialects/haproxy/log_reading.js'
import type { ForwardEvent, ServerEvent, Try } from '../../journal/events.js'
import type { LogReader, ProxyPlaces, ProxySettings, ServerSettings, Told } from '../driver.js'
import { type Facts, takeApart } from './log_format.js'

export const createReader = (settings: ProxySettings, places: Pick<ProxyPlaces, 'addresses'>): LogReader => ({
  line(text) {
    if (text.startsWith('{"mark":')) return [JSON.parse(text) as { mark: string }]
    const request = takeApart(text)
    return request ? requestTold(request.line, request.facts, settings, places) : aboutServers(text, settings)
  },
  end: () => [],
})

function requestTold(
  line: string,
  facts: Facts,
  settings: ProxySettings,
  places: Pick<ProxyPlaces, 'addresses'>,
): Told[] {
  const at = Number(facts.at)
  const forward = forwardOf(facts, settings, places)
  return [
    { event: { event: 'log', request: forward.request, level: 'access', line }, at },
    { event: forward, at },
  ]
}

/** Such as `Server lb/app1 is DOWN, reason: Layer4 connection problem, …`. */
function aboutServers(text: string, { servers }: ProxySettings): Told[] {
  if (text === '') return []
  const told: Told = { event: { event: 'log', request: undefined, level: 'notice', line: text }, at: undefined }
  if (/reached (?:process FD|system memory) limit|maxconn.*reached/i.test(text)) return [told, { trouble: text }]
  const [, name, state, why] =
    /^(?:Backup )?Server [^/]+\/(\S+) is (DOWN|UP|stopping|going DOWN)\b[^,.]*(?:, reason: ([^,]+))?/.exec(text) ?? []
  if (!name || !servers.some(({ hop }) => hop === name)) return [told]
  const event: Omit<ServerEvent, 't' | 'hop'> = { event: 'server', server: name, state: STATES[state!] ?? 'down', why }
  return [told, { event, at: undefined }]
}

const STATES: Readonly<Record<string, ServerEvent['state']>> = { UP: 'up', stopping: 'draining' }

function forwardOf(
  facts: Facts,
  settings: ProxySettings,
  places: Pick<ProxyPlaces, 'addresses'>,
): Omit<ForwardEvent, 't' | 'hop'> {
  const status = Number(facts.status)
  const server = settings.servers.find(({ hop }) => hop === facts.server)
  const reading = readTermination({
    state: facts.state,
    status,
    unchosen: server === undefined,
    secured: server?.secured,
    resolved: settings.resolver !== undefined,
  })
  const left = tellsClientLeft(facts.state)
  const failure = left || !reading ? undefined : failureOf(reading)
  return {
    event: 'forward',
    peer: facts.peer,
    request: known(facts.id),
    method: known(facts.method),
    path: known(facts.path),
    tries: [...triesBefore(facts, settings, places), ...lastTry(facts, server, failure)],
    status: status > 0 ? status : undefined,
    failure,
    cut: failure && /[DL]/.test(facts.state[1]!) ? true : undefined,
    client_left: left ? true : undefined,
    ms: millis(facts.active) ?? 0,
  }
}

const known = (text: string): string => (text === '-' ? '' : text)

/** The try that the line is about; none where no server was chosen, or where the request ended while it waited for one. */
function lastTry(facts: Facts, server: ServerSettings | undefined, failure: Failure | undefined): Try[] {
  if (!server || failure?.stage === 'select') return []
  const before = failure !== undefined && failure.stage !== 'response_body' && failure.stage !== 'tunnel'
  const status = Number(facts.status)
  const [reading, queued] = [millis(facts.before) ?? 0, millis(facts.queued) ?? 0]
  return [
    {
      server: server.hop,
      address: facts.address,
      local: facts.local,
      tls: server.secured,
      connect_ms: millis(facts.connect),
      queued_ms: queued > 0 ? queued : undefined,
      ms: Math.max(0, (millis(facts.active) ?? 0) - reading - queued),
      status: before || status <= 0 ? undefined : status,
      response_bytes: before ? 0 : Number(facts.bytes.replace('+', '')),
      failure,
    },
  ]
}

/**
 * Tries that failed before it. HAProxy logs how many there were and whether the last went to another server; which servers
 * they went to is known where each of the others can have had one.
 */
function triesBefore(
  { retries, server, state }: Facts,
  { servers, resolver }: ProxySettings,
  { addresses }: Pick<ProxyPlaces, 'addresses'>,
): Try[] {
  const count = Number(retries.replace('+', ''))
  if (count === 0) return []
  const others = servers.filter(({ hop, down, backup }) => hop !== server && !down && !backup)
  const moved = retries.startsWith('+')
  const same = servers.filter(({ hop }) => hop === server)
  const asked = moved ? (others.length === count ? others : []) : Array.from({ length: count }, () => same).flat()
  return asked.map((one): Try => {
    const failed = readTermination({ state: state[0] === 's' ? 'sC' : 'SC', status: 503, secured: one.secured })
    return {
      server: one.hop,
      address: resolver ? one.dns_name : addresses[servers.indexOf(one)]!,
      tls: one.secured,
      ms: 0,
      response_bytes: 0,
      failure: failed && failureOf(failed),
    }
  })
}

const failureOf = ({ failure, or }: Reading): Failure =>
  or.length === 0 ? failure : { ...failure, or: or.map(({ type, stage, manner }) => ({ type, stage, manner })) }

const millis = (text: string): number | undefined => {
  const value = Number(text.replace('+', ''))
  return Number.isNaN(value) || value < 0 ? undefined : value
}
