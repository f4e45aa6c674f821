/**
 * Which layer of the path failed, from one response alone: its status and its headers, as a client has them. Clients put
 * it beside their attempts, programs ask it of a response of theirs. It knows no hop, no fault and no scenario.
 */
import { parseList } from 'structured-headers'
import { isFrom, publicEdges } from './gateway/signs.js'

/**
 * `gateway`: a proxy that says so itself, in Proxy-Status or X-Proxy-Error; the client's own, or one inside the site.
 * `edge`: a public edge, by its page or its Server header. `origin`: what every layer in front of it passed on.
 */
export const layers = ['gateway', 'edge', 'origin', 'unknown'] as const
export type Layer = (typeof layers)[number]

export interface Blame {
  layer: Layer
  /** Which one, where it says its name. */
  hop?: string
  /** The headers that it was told from, in one sentence. */
  because: string
}

/** A fetch Response is one. */
export interface ResponseHead {
  status: number
  headers: Iterable<readonly [name: string, value: string]>
}

/**
 * Undefined where nothing failed (a status below 400). What a layer says of itself goes first; then its marks; a Server
 * header that only names an edge tells it from the gateway, not from what stands behind the edge.
 * @param edges how the Server header of an edge begins, in lower case
 */
export function whoFailed(
  { status, headers }: ResponseHead,
  edges: readonly string[] = publicEdges,
): Blame | undefined {
  if (status < 400) return undefined
  const fields = fieldsOf(headers)
  const members = membersOf(fields.get('proxy-status'))
  return (
    ofEdgeError(fields) ??
    ofProxyStatus(members, fields) ??
    ofProxyError(status, fields) ??
    ofEdgeMark(fields) ??
    ofServer(fields, edges) ??
    ofPassing(members, fields) ?? { layer: 'unknown', because: 'no header names who answered' }
  )
}

type Fields = ReadonlyMap<string, string>

/** By name in lower case; lines of one name are a list, in their order. */
function fieldsOf(headers: ResponseHead['headers']): Fields {
  const fields = new Map<string, string>()
  for (const [name, value] of headers) {
    const key = name.toLowerCase()
    const before = fields.get(key)
    fields.set(key, before === undefined ? value : `${before}, ${value}`)
  }
  return fields
}

/** Our edge says so of the answers that it made itself. */
function ofEdgeError(fields: Fields): Blame | undefined {
  const word = fields.get('x-edge-error')
  return word === undefined
    ? undefined
    : { layer: 'edge', ...hopOf(edgeIn(fields)), because: `X-Edge-Error: ${word}, on a page of the edge’s own` }
}

interface Member {
  name: string
  error: string | undefined
}

/** Nearest the origin first (RFC 9209 section 2); what is no structured list says nothing. */
function membersOf(field: string | undefined): Member[] {
  if (field === undefined) return []
  try {
    return parseList(field).map(([name, parameters]) => {
      const error = parameters.get('error')
      return { name: String(name), error: error === undefined ? undefined : String(error) }
    })
  } catch {
    return []
  }
}

/** Who has an error answered in its own words; whoever stands behind it in the list passed that on. */
function ofProxyStatus(members: readonly Member[], fields: Fields): Blame | undefined {
  const at = members.findIndex(({ error }) => error !== undefined)
  if (at < 0) return undefined
  const { name, error } = members[at]!
  const passers = members.slice(at + 1).map((member) => member.name)
  const isEdge = [edgeIn(fields), fields.get('server')].some((known) => known?.toLowerCase() === name.toLowerCase())
  const passed = passers.length === 0 ? '' : `, and ${passers.join(', ')} passed it on`
  return {
    layer: isEdge ? 'edge' : 'gateway',
    hop: name,
    because: `Proxy-Status: ${name} says error=${error}${passed}`,
  }
}

function ofProxyError(status: number, fields: Fields): Blame | undefined {
  const word = fields.get('x-proxy-error')
  if (word !== undefined) return { layer: 'gateway', because: `X-Proxy-Error: ${word}` }
  // RFC 9110 section 15.5.8: only a proxy asks for that.
  return status === 407 ? { layer: 'gateway', because: 'status 407 is a proxy’s' } : undefined
}

/** It marks all that passes, and its own answers twice. */
function ofEdgeMark(fields: Fields): Blame | undefined {
  const edge = edgeIn(fields)
  if (edge === undefined) return undefined
  return { layer: 'origin', because: `X-Edge-Id without X-Edge-Error: ${edge} passed it on` }
}

function ofServer(fields: Fields, edges: readonly string[]): Blame | undefined {
  const server = fields.get('server')
  if (!isFrom(server, edges)) return undefined
  return { layer: 'edge', because: `Server: ${server} is an edge’s, and no gateway says that it failed` }
}

/** Proxies that say they were there, and nothing of a failure of their own. */
function ofPassing(members: readonly Member[], fields: Fields): Blame | undefined {
  const passers = members.map(({ name }) => name)
  if (passers.length > 0) return { layer: 'origin', because: `Proxy-Status: ${passers.join(', ')} passed it on` }
  const via = fields.get('via')
  return via === undefined ? undefined : { layer: 'origin', because: `Via: ${via}, which says nothing of an error` }
}

/** The one nearest the origin: `edge/plain-1` begins with it. */
const edgeIn = (fields: Fields): string | undefined => fields.get('x-edge-id')?.split(/[/,]/, 1)[0]?.trim()

const hopOf = (hop: string | undefined): { hop?: string } => (hop === undefined ? {} : { hop })
