/** The table of dialects: how a proxy says what went wrong. A product is one file or folder, and one line here. */
import { alb } from './alb.js'
import { apache } from './apache/index.js'
import { caddy } from './caddy/index.js'
import { cloudflare } from './cloudflare.js'
import type { Dialect } from './dialect.js'
import { edge } from './edge.js'
import { envoy } from './envoy/index.js'
import { google } from './google.js'
import { haproxy } from './haproxy/index.js'
import type { ErrorLog } from './log_line.js'
import { nginxErrorLog } from './nginx/error_log.js'
import { nginx } from './nginx/index.js'
import { rfc9209 } from './rfc9209.js'

export const dialects = {
  rfc9209,
  nginx,
  haproxy,
  caddy,
  envoy,
  apache,
  edge,
  alb,
  google,
  cloudflare,
} as const satisfies Record<string, Dialect>

export type DialectName = keyof typeof dialects

export const dialectNames = Object.keys(dialects) as DialectName[]

/** As a hop has it. */
export function dialectOf(hop: { dialect: DialectName; server_header?: string | undefined }): Dialect {
  const dialect: Dialect = dialects[hop.dialect]
  return hop.server_header === undefined ? dialect : (dialect.named?.(hop.server_header) ?? dialect)
}

/** Those whose Server header a scenario can choose. */
export const namedDialects = dialectNames.filter((name) => (dialects[name] as Dialect).named)

/** Of services: no program can stand in their place. */
const services: readonly (string | undefined)[] = ['edge', 'alb', 'google', 'cloudflare'] satisfies DialectName[]

export const isService = (dialect: string | undefined): boolean => services.includes(dialect)

/** In whose words the error log of a dialect is. */
export const wordsOf = (name: DialectName): DialectName => ((dialects[name] as Dialect).errorLog ? name : 'nginx')

/** What a dialect writes to its error log; those without one of their own are read in nginx's words. */
export const errorLogOf = ({ errorLog = nginxErrorLog }: Dialect): Partial<ErrorLog> => errorLog
