/**
 * The way of a client's requests: straight to the hop, or through a gateway, in a tunnel or by the whole URL, with its
 * credentials and sessions. client.ts makes one for each hop that is asked; caller.ts asks it for every attempt.
 */
import type { ConnectionOptions } from 'node:tls'
import type { ClientConfig } from '../../scenario/clients.js'
import { dnsNameOf } from '../../scenario/hop_names.js'
import type { Through } from '../../scenario/through.js'
import { elsewhere, type Site, type Target, targetOf } from '../site.js'

export interface Route {
  /** Whom to dial. */
  target: Target
  /** The Host of requests. */
  host: string
  /** What stands before the path in the request line. */
  prefix: string
  /** Every attempt goes on a connection of its own. */
  fresh: boolean
  /** What an attempt says to the gateway with its request: names and values in turn. */
  fields(asked: Asked): string[]
  /** Whom to dial for an attempt, where connections differ by whom they are for. */
  targetFor?(asked: Asked): Target
}

/** An attempt of a request. */
export interface Asked {
  request: string
  attempt: number
}

/** @param tls how the client speaks TLS */
export function routeTo(site: Site, client: string, hop: string, config: ClientConfig, tls: ConnectionOptions): Route {
  const target = { ...targetOf(site, client, { hop }, tls), source: config.source }
  // As nginx says it to a unix socket.
  const host = target.path === undefined ? `${target.servername ?? target.host}:${target.port}` : 'localhost'
  return { target, host, prefix: '', fresh: false, fields: () => [] }
}

/** @param who one of the instances, where the client is many */
export function routeThrough(
  site: Site,
  client: string,
  who: string,
  config: ClientConfig,
  through: Through,
  tls: ConnectionOptions,
): Route {
  const gateway = gatewayTarget(site, client, config, through, tls)
  const destination = targetOf(site, client, { hop: config.to }, tls)
  const host = dnsNameOf(config.to, site.scenario.hops[config.to]!)
  // As who has nothing but a URL: its name.
  const servername = destination.servername === undefined ? undefined : (tls.servername ?? host)
  const credentials = ({ request, attempt }: Asked): string[] => {
    const value = authorizationOf(through, { request, attempt: `${request}.${attempt}`, instance: who })
    return value === undefined ? [] : ['Proxy-Authorization', value]
  }
  if (through.form === 'absolute') {
    const scheme = servername === undefined ? 'http' : 'https'
    return { target: gateway, host, prefix: `${scheme}://${host}`, fresh: false, fields: credentials }
  }
  const { servername: own, ...plain } = gateway
  const to = `${host}:${servername === undefined ? 80 : 443}`
  const targetFor = (asked: Asked): Target => ({
    ...plain,
    servername,
    tls,
    passage: {
      to,
      fields: ['X-Request-Id', asked.request, ...credentials(asked)],
      tls: own === undefined ? undefined : { ...gateway.tls, servername: own },
    },
  })
  const { session } = through
  // A tunnel is one session's: its exit does not change on the way.
  const fresh = typeof session === 'object' && session.per !== 'instance'
  return { target: { ...plain, servername, tls }, host, prefix: '', fresh, fields: () => [], targetFor }
}

function gatewayTarget(
  site: Site,
  client: string,
  { source }: ClientConfig,
  { gateway, scheme, host, port }: Through,
  tls: ConnectionOptions,
): Target {
  const number = typeof port === 'string' ? site.addressOf(port, client).port : port
  const target = targetOf(site, client, { hop: gateway, scheme, port: number }, tls)
  const there = host === undefined ? target : { ...target, ...elsewhere(target, target.port, host) }
  return { ...there, source }
}

/** RFC 7617, with the session behind the name, as providers have it. */
function authorizationOf(
  { user, password = '', authorization, session }: Through,
  each: Record<'request' | 'attempt' | 'instance', string>,
): string | undefined {
  if (authorization !== undefined) return authorization
  if (user === undefined) return undefined
  const word = typeof session === 'object' ? each[session.per] : session
  const name = word === 'none' ? user : `${user}-session-${word}`
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
}
