/**
 * nginx's log as the journal's events: lines of the error log wait for the line of the access log that ends their
 * request, and together they tell its tries. Both are in one file, in the order in which they were written.
 */
import type { Failure } from '../../core/failure.js'
import {
  type LoggedMessage,
  type Reading,
  readFailure,
  readRefusal,
  takeApart,
  tellsClientLeft,
} from '../../dialects/nginx/log_reading.js'
import type { ForwardEvent, LogEvent, Try } from '../../journal/events.js'
import type { LogReader, ProxyPlaces, ProxySettings, ServerSettings, Told } from '../driver.js'
import type { VARIABLES } from './configuration.js'

type AccessLine = Record<keyof typeof VARIABLES, string>

interface ErrorLine {
  level: LogEvent['level']
  /** Milliseconds since 1970, to a second. */
  at: number | undefined
  message: string
  logged: LoggedMessage
}

export function createReader(settings: ProxySettings, places: Pick<ProxyPlaces, 'addresses'>): LogReader {
  /** By connection: what its next line of the access log is about. */
  const waiting = new Map<string, ErrorLine[]>()

  function errorLine(text: string): Told[] {
    const parts = /^(\S+ \S+) \[(\w+)\] \d+#\d+: (?:\*(\d+) )?(.*)$/s.exec(text)
    if (!parts) return []
    const [, date, level, connection, message] = parts as unknown as [
      string,
      string,
      LogEvent['level'],
      string?,
      string?,
    ]
    const line = { level, at: timeOf(date), message: message!, logged: takeApart(message!) }
    if (level === 'alert' || level === 'emerg') return [logged(line), { trouble: message! }]
    if (connection === undefined) return level === 'notice' || level === 'info' ? [] : [logged(line)]
    if (/ closed keepalive connection$/.test(message!)) return []
    waiting.set(connection, [...(waiting.get(connection) ?? []), line])
    return []
  }

  function accessLine(access: AccessLine): Told[] {
    const lines = waiting.get(access.connection) ?? []
    waiting.delete(access.connection)
    const at = Math.round(Number(access.at) * 1000)
    return [
      ...lines.map((line) => logged(line, access.id, at)),
      ...lines.flatMap((line) => excluded(line, settings, places, at)),
      { event: forwardOf(access, lines, settings, places), at },
    ]
  }

  return {
    line(text) {
      if (!text.startsWith('{')) return errorLine(text)
      const access = JSON.parse(text) as AccessLine | { mark: string }
      return 'mark' in access ? [access] : accessLine(access)
    },
    end() {
      const left = [...waiting.values()].flat()
      waiting.clear()
      return left.map((line) => logged(line))
    },
  }
}

const logged = ({ level, message, at }: ErrorLine, request?: string, better = at): Told => ({
  event: { event: 'log', request, level, line: message },
  at: better,
})

/** nginx writes the time of the machine's zone. */
function timeOf(date: string): number | undefined {
  const at = Date.parse(date.replaceAll('/', '-').replace(' ', 'T'))
  return Number.isNaN(at) ? undefined : at
}

function excluded(
  { logged }: ErrorLine,
  settings: ProxySettings,
  places: Pick<ProxyPlaces, 'addresses'>,
  at: number,
): Told[] {
  if (logged.said !== 'upstream server temporarily disabled') return []
  return [{ event: { event: 'server', server: serverAt(addressIn(logged), settings, places), state: 'excluded' }, at }]
}

function forwardOf(
  access: AccessLine,
  lines: ErrorLine[],
  settings: ProxySettings,
  places: Pick<ProxyPlaces, 'addresses'>,
): Omit<ForwardEvent, 't' | 'hop'> {
  const messages = lines.map(({ logged }) => logged)
  const left = access.status === '499' || messages.some(tellsClientLeft)
  const tries = triesOf(access, [...messages], settings, places)
  const failure = tries.lost ?? tries.all.at(-1)?.failure ?? (tries.all.length === 0 ? refusal(messages) : undefined)
  const begun = failure?.stage === 'response_body' || failure?.stage === 'tunnel'
  return {
    event: 'forward',
    peer: access.peer,
    request: access.id,
    method: access.method,
    path: access.path,
    tries: tries.all,
    status: access.status === '499' ? undefined : Number(access.status),
    failure: left ? undefined : failure,
    cut: begun && !left ? true : undefined,
    client_left: left ? true : undefined,
    ms: Math.round(Number(access.seconds) * 1000),
  }
}

const refusal = (messages: LoggedMessage[]): Failure | undefined =>
  messages.map(readRefusal).find((failure) => failure !== undefined)

/** Every server that was asked; `lost`: why there was none to ask in the end. */
function triesOf(
  access: AccessLine,
  messages: LoggedMessage[],
  settings: ProxySettings,
  places: Pick<ProxyPlaces, 'addresses'>,
): { all: Try[]; lost: Failure | undefined } {
  const column = (text: string): string[] => (text === '' ? [] : text.split(/, | : /))
  const addresses = column(access.addresses)
  const [statuses, connects, responses] = [access.statuses, access.connect_seconds, access.response_seconds].map(column)
  const [received, bodies, sent] = [access.received, access.body, access.sent].map(column)
  const all: Try[] = []
  for (const [index, address] of addresses.entries()) {
    // In the place of a server stands the name of the group that had none.
    if (address === settings.hop || (settings.own && !address.includes(':'))) continue
    const responseBytes = Number(received![index])
    const requestSent = access.expects_body === '' && Number(sent![index]) > 0 ? true : undefined
    const reading = takeReading(messages, address, { responseBytes, requestSent })
    const failure = reading && failureOf(reading)
    const before = failure !== undefined && failure.stage !== 'response_body' && failure.stage !== 'tunnel'
    const server = serverAt(address, settings, places)
    all.push({
      server,
      address,
      tls: serverNamed(server, settings)?.secured ?? false,
      connect_ms: millis(connects![index]),
      ms: millis(responses![index]) ?? 0,
      status: before ? undefined : statusOf(statuses![index]),
      response_bytes: Number(bodies![index]) || 0,
      failure,
    })
  }
  const unresolved = addresses.length === 0 ? takeUnresolved(messages, access, settings, places) : undefined
  return { all: unresolved ? [unresolved] : all, lost: noServerFor(messages, settings) }
}

/** The message about that server, taken out of the list: they stand in the order of the tries. */
function takeReading(
  messages: LoggedMessage[],
  address: string,
  known: { responseBytes: number; requestSent: boolean | undefined },
): Reading | undefined {
  const at = messages.findIndex((message) => addressIn(message) === address && readFailure(message) !== undefined)
  if (at < 0) return undefined
  const [message] = messages.splice(at, 1)
  return readFailure(message!, known)
}

function takeUnresolved(
  messages: LoggedMessage[],
  access: AccessLine,
  { servers, hop }: ProxySettings,
  { addresses }: Pick<ProxyPlaces, 'addresses'>,
): Try | undefined {
  const [server] = servers
  const message = messages.find(({ said }) => said.includes(' could not be resolved ('))
  const reading = message && readFailure(message)
  if (!reading) return undefined
  const ms = Math.round(Number(access.seconds) * 1000)
  const name = server?.dns_name ?? message!.said.split(' ')[0]!
  return {
    server: server?.hop ?? hop,
    address: addresses[0] ?? name,
    lookup: { name, answer: ANSWERS[reading.failure.rcode ?? ''] ?? 'ETIMEOUT', ms },
    tls: server?.secured ?? false,
    ms,
    response_bytes: 0,
    failure: failureOf(reading),
  }
}

/** In the words of a lookup: c-ares'. */
const ANSWERS: Readonly<Record<string, string>> = {
  NXDOMAIN: 'ENOTFOUND',
  SERVFAIL: 'ESERVFAIL',
  REFUSED: 'EREFUSED',
  FORMERR: 'EFORMERR',
  NOTIMP: 'ENOTIMP',
}

/** nginx has one sentence for servers that are excluded and for servers without room; the settings may tell. */
function noServerFor(messages: LoggedMessage[], { servers }: ProxySettings): Failure | undefined {
  const reading = messages.map((message) => message.said === 'no live upstreams' && readFailure(message)).find(Boolean)
  if (!reading) return undefined
  const { failure, or } = reading
  if (!servers.some(({ max_conns }) => max_conns > 0)) return failure
  const mayBeExcluded = servers.some(({ max_fails, down }) => max_fails > 0 || down)
  return mayBeExcluded ? failureOf({ failure, or }) : or[0]
}

const failureOf = ({ failure, or }: Reading): Failure =>
  or.length === 0 ? failure : { ...failure, or: or.map(({ type, stage, manner }) => ({ type, stage, manner })) }

/** host:port, or unix: and the path, of the URL that was asked for. */
const addressIn = ({ upstream }: LoggedMessage): string =>
  /^\w+:\/\/(unix:[^:]+|[^/?#]*)/.exec(upstream ?? '')?.[1] ?? ''

/** The hop at that address; one that was found by its name may have another one than it should. */
function serverAt(
  address: string,
  { servers, resolver }: ProxySettings,
  { addresses }: Pick<ProxyPlaces, 'addresses'>,
): string {
  const index = resolver ? 0 : addresses.indexOf(address)
  return servers[index]?.hop ?? address
}

const serverNamed = (hop: string, { servers }: ProxySettings): ServerSettings | undefined =>
  servers.find((server) => server.hop === hop)

const millis = (seconds: string | undefined): number | undefined =>
  seconds === undefined || seconds === '-' ? undefined : Math.round(Number(seconds) * 1000)

const statusOf = (text: string | undefined): number | undefined => Number(text) || undefined
