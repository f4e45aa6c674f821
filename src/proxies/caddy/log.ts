/**
 * Caddy's JSON log as the journal's events: what it notes of each try (at level debug) waits for the line of the access
 * log that ends the request, and together they tell it. One request at a time is under way on a client's connection; only
 * what befell a body is written without a word about whose it was.
 */
import type { Failure } from '../../core/failure.js'
import { NO_UPSTREAMS, type Reading, readFailure, tellsClientLeft } from '../../dialects/caddy/log_reading.js'
import type { ForwardEvent, LogEvent, Try } from '../../journal/events.js'
import type { LogReader, ProxyPlaces, ProxySettings, Told } from '../driver.js'
import { passiveHealthOf } from './balancing.js'
import { MARKS } from './configuration.js'

interface Line {
  level: string
  ts: number
  logger?: string
  msg: string
  error?: string
  request?: Request
  upstream?: string
  /** Seconds. */
  duration?: number
  status?: number
  size?: number
  headers?: Headers
  resp_headers?: Headers
}

type Headers = Readonly<Record<string, readonly string[]>>

interface Request {
  remote_ip: string
  remote_port: string
  method: string
  uri: string
  headers?: Headers
}

/** What is known of the request under way on a connection. */
interface UnderWay {
  tries: Line[]
  /** The line that Caddy wrote about its end. */
  error?: Line
}

export function createReader(settings: ProxySettings, places: Pick<ProxyPlaces, 'addresses'>): LogReader {
  const underWay = new Map<string, UnderWay>()
  /** What befell bodies, and not yet whose: the lines, and the error in the last of them. */
  let bodies: { lines: Line[]; error: string }[] = []
  let reading: Line | undefined
  let count = 0

  const of = (peer: string): UnderWay => {
    const found = underWay.get(peer) ?? { tries: [] }
    underWay.set(peer, found)
    return found
  }

  function ofReverseProxy(line: Line): Told[] {
    if (line.msg === 'upstream roundtrip') of(peerOf(line.request!)).tries.push(line)
    else if (line.msg === 'reading from backend') reading = line
    else if (line.msg === 'aborting with incomplete response') {
      bodies.push({ lines: reading?.error === line.error ? [reading!, line] : [line], error: line.error! })
      reading = undefined
    } else return otherLine(line)
    return []
  }

  function ended(line: Line): Told[] {
    const request = line.request!
    const peer = peerOf(request)
    const { tries, error } = of(peer)
    underWay.delete(peer)
    const cut = mayBeCut(line, tries.at(-1)) ? bodies.shift() : undefined
    const id = idOf(request) ?? idOf(tries.at(-1)?.request) ?? `${settings.hop}-${++count}`
    const at = Math.round(line.ts * 1000)
    const lines = [...(cut?.lines ?? []), ...(error && error.level !== 'debug' ? [error] : [])]
    const forward = forwardOf(line, { tries, error, cut: cut?.error }, settings, places)
    return [
      ...lines.map((each): Told => ({ event: logged(each, id), at })),
      { event: { ...forward, event: 'forward', peer, request: id }, at },
    ]
  }

  return {
    line(text) {
      if (!text.startsWith('{')) return []
      const line = JSON.parse(text) as Line
      const { logger = '', request } = line
      if (logger === `http.log.access.${MARKS}`) return [{ mark: /mark=([^&]*)/.exec(request!.uri)?.[1] ?? '' }]
      if (logger.startsWith('http.log.access')) return ended(line)
      if (logger.startsWith('http.log.error')) {
        if (!request!.uri.startsWith('/?mark=')) of(peerOf(request!)).error = line
        return []
      }
      return logger === 'http.handlers.reverse_proxy' ? ofReverseProxy(line) : otherLine(line)
    },
    end() {
      const left = [
        ...bodies.flatMap(({ lines }) => lines),
        ...[...underWay.values()].flatMap(({ error }) => error ?? []),
      ]
      bodies = []
      underWay.clear()
      return left.map((line) => ({ event: logged(line), at: Math.round(line.ts * 1000) }))
    },
  }
}

/** Bytes are missing of those that were promised; or nothing tells how many there should be. */
function mayBeCut({ size = 0, request, status = 0 }: Line, last: Line | undefined): boolean {
  if (last?.status === undefined || last.status < 200 || last.status === 204 || last.status === 304) return false
  const length = last.headers?.['Content-Length']?.[0]
  if (length === undefined) return true
  return status >= 200 && request!.method !== 'HEAD' && size < Number(length)
}

function otherLine(line: Line): Told[] {
  const { level, ts, error = '', logger = '' } = line
  // What it warns of when it starts is what this rig wants.
  if (level === 'debug' || level === 'info' || (level === 'warn' && !logger.startsWith('http.'))) return []
  const told: Told = { event: logged(line), at: Math.round(ts * 1000) }
  const short = /too many open files|cannot allocate memory/.exec(`${line.msg} ${error}`)
  return short ? [told, { trouble: short[0] }] : [told]
}

const LEVELS: Readonly<Record<string, LogEvent['level']>> = { info: 'info', warn: 'warn', error: 'error' }

/** The line as it stands in the log, but for its time, which the journal has, and what clients send along. */
function logged({ ts: _, resp_headers: _sent, ...line }: Line, request?: string): Omit<LogEvent, 't' | 'hop'> {
  const { headers: _headers, ...asked } = line.request ?? {}
  const text = JSON.stringify(line.request ? { ...line, request: asked } : line)
  return { event: 'log', request, level: LEVELS[line.level] ?? 'crit', line: text }
}

const peerOf = ({ remote_ip, remote_port }: Request): string => `${remote_ip}:${remote_port}`

const idOf = (request: Request | undefined): string | undefined => request?.headers?.['X-Request-Id']?.[0]

interface Course {
  tries: readonly Line[]
  error: Line | undefined
  /** What cut the body. */
  cut: string | undefined
}

function forwardOf(
  line: Line,
  { tries: lines, error, cut }: Course,
  settings: ProxySettings,
  places: Pick<ProxyPlaces, 'addresses'>,
): Omit<ForwardEvent, 't' | 'hop' | 'event' | 'request' | 'peer'> {
  const { method, uri } = line.request!
  const left = tellsClientLeft(cut ?? error?.msg ?? lines.at(-1)?.error ?? '')
  const tries = lines.map((each) => tryOf(each, settings, places))
  const last = tries.at(-1)
  if (last && cut !== undefined) {
    last.response_bytes = line.size ?? 0
    const failure = failureOf(readFailure(cut, { headComplete: true }))
    if (failure) last.failure = failure
  } else if (last && last.failure === undefined) last.response_bytes = line.size ?? 0
  const failure = left ? undefined : last?.failure
  return {
    method,
    path: uri,
    tries,
    status: left && last?.status === undefined ? undefined : line.status || last?.status,
    failure: error?.msg === NO_UPSTREAMS ? noServerFor(settings) : failure,
    cut: cut !== undefined && !left ? true : undefined,
    client_left: left ? true : undefined,
    ms: millis(line.duration),
  }
}

/** Caddy has one sentence for servers that are ill and for servers without room; the settings may tell. */
function noServerFor(settings: ProxySettings): Failure {
  const { servers } = settings
  const { failure, or } = readFailure(NO_UPSTREAMS)!
  if (!servers.some(({ max_conns }) => max_conns > 0)) return failure
  const counts = servers.some(({ max_fails }) => max_fails > 0) || passiveHealthOf(settings).fail_duration > 0
  return counts ? failureOf({ failure, or })! : or[0]!
}

function tryOf(line: Line, settings: ProxySettings, { addresses }: Pick<ProxyPlaces, 'addresses'>): Try {
  const { upstream = '', error, status, duration } = line
  const address = upstream.replace(/^unix\//, 'unix:')
  const index = settings.resolver
    ? settings.servers.findIndex(({ dns_name }) => address.startsWith(`${dns_name}.:`))
    : addresses.indexOf(address)
  const server = settings.servers[index]
  const secured = server?.secured ?? false
  return {
    server: server?.hop ?? address,
    address: addresses[index] ?? address,
    tls: secured,
    ms: millis(duration),
    status,
    response_bytes: 0,
    failure: error === undefined ? undefined : failureOf(readFailure(error, { secured })),
  }
}

const failureOf = (reading: Reading | undefined): Failure | undefined =>
  reading &&
  (reading.or.length === 0
    ? reading.failure
    : { ...reading.failure, or: reading.or.map(({ type, stage, manner }) => ({ type, stage, manner })) })

const millis = (seconds = 0): number => Math.round(seconds * 1000)
