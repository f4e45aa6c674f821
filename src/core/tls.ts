/**
 * What of TLS a side speaks: the words for versions and cipher suites, and which versions a choice of both leaves.
 * Servers, proxies, clients and the effect `tls` take the same options. It knows no sockets and no OpenSSL.
 */
import { z } from 'zod'
import { suggestion } from '../lib/nearest.js'
import { tlsProfileName } from './tls_profiles.js'

export const tlsVersions = ['TLSv1.2', 'TLSv1.3'] as const
export type TlsVersion = (typeof tlsVersions)[number]

/** In OpenSSL's words. Those of TLS 1.2 name the key that the server's certificate must have. */
export const cipherSuites = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-ECDSA-AES256-SHA384',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-RSA-AES256-SHA384',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-RSA-AES256-SHA',
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-SHA',
  'AES256-SHA',
] as const
export type CipherSuite = (typeof cipherSuites)[number]

/**
 * Alerts that end a connection (RFC 8446 section 6; the older ones of RFC 5246). Of a number that is not assigned, Node
 * tells no more than that the connection was closed.
 */
export const alertIds = [
  10, 20, 21, 22, 30, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 60, 70, 71, 80, 86, 90, 100, 109, 110, 111, 112,
  113, 114, 115, 116, 120,
] as const
export type AlertId = (typeof alertIds)[number]

export interface TlsChoice {
  min_version?: TlsVersion | undefined
  max_version?: TlsVersion | undefined
  ciphers?: readonly CipherSuite[] | undefined
}

/** The versions that are left; a list of ciphers without one of a version's turns that version off. */
export function versionsOf({ min_version, max_version, ciphers }: TlsChoice): TlsVersion[] {
  const lowest = min_version ? tlsVersions.indexOf(min_version) : 0
  const highest = max_version ? tlsVersions.indexOf(max_version) : tlsVersions.length - 1
  return tlsVersions
    .slice(lowest, highest + 1)
    .filter((version) => !ciphers || ciphers.some((suite) => versionOf(suite) === version))
}

const versionOf = (suite: CipherSuite): TlsVersion => (suite.startsWith('TLS_') ? 'TLSv1.3' : 'TLSv1.2')

export const keyTypes = ['ecdsa', 'rsa'] as const
export type KeyType = (typeof keyTypes)[number]

/** The keys that a server needs certificates for, so that each of its ciphers can be had. */
export function keyTypesOf({ ciphers = [] }: TlsChoice): KeyType[] {
  const isRsa = (suite: CipherSuite): boolean => versionOf(suite) === 'TLSv1.2' && !suite.includes('-ECDSA-')
  const rsa = ciphers.some(isRsa)
  return keyTypes.filter((type) => (type === 'rsa' ? rsa : !rsa || !ciphers.every(isRsa)))
}

const version = z.enum(tlsVersions)
const cipher = z.enum(cipherSuites, {
  error: ({ input }) => `unknown cipher "${input}", ${suggestion(String(input), cipherSuites)}`,
})

const choice = {
  min_version: version.optional().meta({ description: 'The lowest version; TLSv1.2 if absent' }),
  max_version: version.optional().meta({ description: 'The highest version; TLSv1.3 if absent' }),
  ciphers: z.array(cipher).min(1).optional().meta({
    description: 'All that are offered or accepted, in the words of OpenSSL; a version that has none of them is off',
  }),
}

/** The keys of a server's side, for whoever adds its own. */
export const serverTlsShape = {
  ...choice,
  client_certificate: z
    .literal('required')
    .optional()
    .meta({ description: 'Who shows no certificate of the run’s own CA is sent away' }),
}

/** A choice that leaves no version would fail at the first handshake, with no word about why. */
export const leavesVersion = [
  (options: TlsChoice): boolean => versionsOf(options).length > 0,
  'these versions and ciphers leave no version of TLS to speak',
] as const

export const serverTlsSchema = z.strictObject(serverTlsShape).refine(...leavesVersion)

/** `tls: true`, or more about it; false for plain TCP. */
export const serverTls = z.union([z.boolean().transform((on): false | ServerTls => on && {}), serverTlsSchema])

/** The side that dials. */
export const dialTlsSchema = z
  .strictObject({
    ...choice,
    profile: tlsProfileName.optional().meta({
      description: 'Offer what this profile offers, in place of versions and ciphers; `badgateway list profiles`',
    }),
    verify: z
      .boolean()
      .default(true)
      .meta({ description: 'Accept only certificates of the run’s own CA, for the name (strict); false: any (lax)' }),
    server_name: z
      .string()
      .regex(/^(?!\d+(\.\d+){3}$)[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i, 'expected a host name, no address')
      .optional()
      .meta({ description: 'The name to ask for (SNI) and to verify; that of the hop if absent' }),
    client_certificate: z
      .boolean()
      .default(false)
      .meta({ description: 'Has a certificate to show when asked for one' }),
  })
  .refine(...leavesVersion)
  .superRefine(({ profile, ...options }, context) => {
    if (profile === undefined) return
    for (const key of ['min_version', 'max_version', 'ciphers'] as const) {
      if (options[key] === undefined) continue
      const message = `the profile "${profile}" says which versions and ciphers it offers: take out ${key}, or the profile`
      context.addIssue({ code: 'custom', path: [key], message })
    }
  })

export type ServerTls = z.output<typeof serverTlsSchema>
export type DialTls = z.output<typeof dialTlsSchema>
