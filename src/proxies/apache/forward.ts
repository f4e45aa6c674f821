/** One request at Apache, as its line of the access log and what the error log has about it tell it. log.ts calls it. */
import type { Failure } from '../../core/failure.js'
import { type LoggedLine, readFailures, type Told } from '../../dialects/apache/log_reading.js'
import type { ForwardEvent, Try } from '../../journal/events.js'
import type { ProxyPlaces, ProxySettings } from '../driver.js'
import type { AccessLine } from './configuration.js'

type Addresses = Pick<ProxyPlaces, 'addresses'>

export function forwardOf(
  access: AccessLine,
  lines: readonly LoggedLine[],
  settings: ProxySettings,
  places: Addresses,
): Omit<ForwardEvent, 't' | 'hop'> {
  const told = readFailures(lines)
  // Of most requests that it refuses Apache logs no more than its answer.
  if (told.length === 0 && !access.handler.startsWith('proxy')) told.push({ failure: REFUSED })
  const last = told.at(-1)?.failure
  const left = access.state === 'X' && last === undefined
  const status = Number(access.sent) === 0 ? undefined : Number(access.status)
  const ms = Math.round(Number(access.micros) / 1000)
  const tries = triesOf(access, told, settings, places, ms)
  const failed = tries.at(-1)?.failure ?? (tries.length === 0 || unasked(last) ? last : undefined)
  return {
    event: 'forward',
    peer: access.peer,
    request: access.id,
    method: access.method,
    path: targetOf(access),
    tries,
    status: left ? undefined : status,
    failure: left ? undefined : failed,
    cut: failed?.stage === 'response_body' && !answeredFor(status, failed) ? true : undefined,
    client_left: left ? true : undefined,
    ms,
  }
}

const REFUSED: Failure = { type: 'http_request_error', stage: 'select', manner: 'http', details: 'refused' }

/** As it stands in the request line; where that is none, what Apache made of it. */
const targetOf = ({ line, path }: AccessLine): string => /^\S+ (\S+) HTTP\/\d\.\d$/.exec(line)?.[1] ?? path

/** No server was asked. */
const unasked = (failure: Failure | undefined): boolean => failure?.stage === 'select'

/** Nothing had been sent when it failed: then Apache still says so. */
const answeredFor = (status: number | undefined, { manner }: Failure): boolean => status === 502 && manner === 'http'

/** Each connection that could not be made, and the one that was. */
function triesOf(
  access: AccessLine,
  told: readonly Told[],
  settings: ProxySettings,
  places: Addresses,
  ms: number,
): Try[] {
  const unconnected = told.filter(({ failure }) => failure.stage === 'connect' || failure.stage === 'dns')
  const later = told.find(({ failure }) => !unasked(failure) && failure.stage !== 'connect' && failure.stage !== 'dns')
  const tries = unconnected.map(({ failure, address = '' }, index): Try => {
    return tryAt(address, settings, places, {
      ms: index === unconnected.length - 1 ? ms : 0,
      response_bytes: 0,
      failure,
    })
  })
  const address = addressOf(access.worker, places)
  const asked = access.handler.startsWith('proxy') && !told.some(({ failure }) => unasked(failure))
  const lost = unconnected.at(-1)?.address?.replace(/^localhost:/, '127.0.0.1:')
  // The last one that was chosen is not the last one that failed.
  const connected = later !== undefined || lost === undefined || (settings.servers.length > 1 && lost !== address)
  if (!asked || !connected) return tries
  const before = later && later.failure.stage !== 'response_body'
  const rest = {
    ms,
    status: before ? undefined : passedStatus(access, later?.failure),
    response_bytes: before ? 0 : Number(access.body) || 0,
    failure: later?.failure,
  }
  return [...tries, tryAt(address, settings, places, rest)]
}

/** What the server had answered, where Apache's own answer did not take its place. */
const passedStatus = ({ status }: AccessLine, failure: Failure | undefined): number | undefined =>
  failure && answeredFor(Number(status), failure) ? undefined : Number(status)

function tryAt(
  address: string,
  settings: ProxySettings,
  places: Addresses,
  rest: Pick<Try, 'ms' | 'status' | 'response_bytes' | 'failure'>,
): Try {
  const server = serverAt(address, settings, places)
  const { secured = false } = settings.servers.find((one) => one.hop === server) ?? {}
  return { server, address, tls: secured, ...rest }
}

/** A worker is named by its URL; with one server there is none to name. */
function addressOf(worker: string, { addresses }: Addresses): string {
  const named = /^\w+:\/\/([^/]+)/.exec(worker)?.[1]?.replace(/^localhost:/, '127.0.0.1:')
  return named ?? addresses[0] ?? ''
}

/** The hop at that address. */
export function serverAt(address: string, { servers }: ProxySettings, { addresses }: Addresses): string {
  const plain = address.replace(/^localhost:/, '127.0.0.1:')
  const index = addresses.findIndex((one) => one === plain || one === `unix:${plain}`)
  return servers[index]?.hop ?? (servers.length === 1 ? servers[0]!.hop : address)
}
