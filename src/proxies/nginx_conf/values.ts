/** Values as nginx 1.22.1 reads them (ngx_parse_time, ngx_atoi): undefined for what it refuses. upstream.ts and settings.ts call it. */

const DAY = 86_400

/** Of what is counted in milliseconds, years and months are none. A bare number is seconds. */
export const parseTimeMs = (text: string): number | undefined => parseTime(text, MS_UNITS)

/** Of what is counted in whole seconds, such as fail_timeout: milliseconds are refused. */
export function parseTimeSeconds(text: string): number | undefined {
  const ms = parseTime(text, SECOND_UNITS)
  return ms === undefined ? undefined : ms / 1000
}

/** From the longest to the shortest: nginx refuses another order, and a unit that is there twice. */
const MS_UNITS = { w: 7 * DAY, d: DAY, h: 3600, m: 60, s: 1, ms: 0.001 } as const
const SECOND_UNITS = { y: 365 * DAY, M: 30 * DAY, w: 7 * DAY, d: DAY, h: 3600, m: 60, s: 1 } as const

function parseTime(text: string, units: Readonly<Record<string, number>>): number | undefined {
  if (!/^(\d+(ms|[yMwdhms])\s*)*(\d+)?$/.test(text) || !/\d/.test(text)) return undefined
  const order = Object.keys(units)
  let [sum, last] = [0, -1]
  for (const [, number, unit] of text.matchAll(/(\d+)(ms|[yMwdhms])?/g)) {
    const at = unit === undefined ? order.indexOf('s') : order.indexOf(unit)
    if (at < 0 || (unit !== undefined && at <= last)) return undefined
    last = at
    sum += Number(number) * units[order[at]!]!
  }
  return Math.round(sum * 1000)
}

export const parseWhole = (text: string): number | undefined => (/^\d{1,10}$/.test(text) ? Number(text) : undefined)

export interface HostAddress {
  /** As it stands in the file. */
  text: string
  /** In lower case; of a unix socket `unix:` and its path. */
  host: string
  /** Undefined where none is told, and of a unix socket. */
  port: number | undefined
}

/** `host`, `host:port`, `[::1]:port` or `unix:/path`. */
export function parseAddress(text: string): HostAddress | undefined {
  if (text.startsWith('unix:')) return text.length > 5 ? { text, host: text, port: undefined } : undefined
  const parts = /^(\[[0-9a-fA-F:.]+\]|[^:/\s[\]]+)(?::(\d+))?$/.exec(text)
  if (!parts) return undefined
  const port = parts[2] === undefined ? undefined : Number(parts[2])
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined
  return { text, host: parts[1]!.toLowerCase(), port }
}
