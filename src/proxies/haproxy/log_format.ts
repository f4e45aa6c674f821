/**
 * The line that HAProxy writes for each request: its HTTP log as `option httplog` has it, and behind it as JSON what a
 * reader needs to know for sure. configuration.ts writes the format, log.ts reads the lines.
 */

/** Manual 8.2.3, HTTP log format; without captures of ours, so that it is the line that users know. */
const HTTP_LOG =
  '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r'

/** All are text; what HAProxy does not know is `-`. */
const VARIABLES = {
  id: '%[var(txn.id),json(utf8s)]',
  peer: '%ci:%cp',
  method: '%[capture.req.method,json(utf8s)]',
  path: '%[capture.req.uri,json(utf8s)]',
  server: '%s',
  address: '%si:%sp',
  local: '%bi:%bp',
  status: '%ST',
  bytes: '%B',
  state: '%tsc',
  retries: '%rc',
  before: '%TR',
  queued: '%Tw',
  connect: '%Tc',
  active: '%Ta',
  at: '%[date(0,ms)]',
} as const

export type Facts = Record<keyof typeof VARIABLES, string>

/** Stands between the two, and in no line of the log: there quotes are escaped. */
export const BEHIND = ' {"badgateway":'

const escaped = (json: string): string => json.replace(/"/g, '\\"')

const facts = Object.entries(VARIABLES).map(([name, value]) => `"${name}":"${value}"`)

export const LOG_FORMAT = `${HTTP_LOG}${escaped(`${BEHIND}{${facts.join(',')}}}`)}`

export const MARK_FORMAT = escaped('{"mark":"%[var(txn.mark)]"}')

export interface LogLine {
  /** As in the log of any HAProxy. */
  line: string
  facts: Facts
}

/** A line for a request; undefined for any other. */
export function takeApart(text: string): LogLine | undefined {
  const at = text.lastIndexOf(BEHIND)
  if (at < 0) return undefined
  const { badgateway } = JSON.parse(text.slice(at + 1)) as { badgateway: Facts }
  return { line: text.slice(0, at), facts: badgateway }
}
