/**
 * TLS profiles: what a client offers in its ClientHello, by name. Each differs from all others in JA4 on the wire
 * (test/live/profiles.test.ts). live/profiles.ts puts them in Node's words; this knows no OpenSSL but for its names.
 */
import { z } from 'zod'
import { suggestion } from '../lib/nearest.js'

/** What is absent is as Node has it. */
export interface TlsProfile {
  summary: string
  min_version?: 'TLSv1.2' | 'TLSv1.3'
  max_version?: 'TLSv1.2' | 'TLSv1.3'
  /** In OpenSSL's words, in the order in which they are offered. */
  ciphers?: readonly string[]
  groups?: readonly string[]
  sigalgs?: readonly string[]
  /** In order; none: the extension is not sent. HTTP/1.1 is all that is spoken here, so nobody offers h2. */
  alpn: readonly string[]
  /** The extension session_ticket; there if absent. */
  tickets?: false
  /** The extension padding (RFC 7685), which brings a short ClientHello to 512 bytes; not there if absent. */
  padding?: true
}

/** As OpenSSL 3.0 has them where nobody chose: said one by one, since later versions offer others. */
const OPENSSL_30 = {
  groups: 'X25519 P-256 X448 P-521 P-384 ffdhe2048 ffdhe3072 ffdhe4096 ffdhe6144 ffdhe8192'.split(' '),
  sigalgs: [
    ...['ECDSA+SHA256', 'ECDSA+SHA384', 'ECDSA+SHA512', 'ed25519', 'ed448'],
    ...['rsa_pss_pss_sha256', 'rsa_pss_pss_sha384', 'rsa_pss_pss_sha512'],
    ...['rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha384', 'rsa_pss_rsae_sha512', 'RSA+SHA256', 'RSA+SHA384', 'RSA+SHA512'],
    ...['ECDSA+SHA224', 'RSA+SHA224', 'DSA+SHA224', 'DSA+SHA256', 'DSA+SHA384', 'DSA+SHA512'],
  ],
  padding: true,
} as const

const TLS_13 = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'] as const

/** `ssl.create_default_context().get_ciphers()` of Python 3.11. */
const PYTHON_CIPHERS = [
  ...TLS_13,
  ...['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
  ...['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
  ...['ECDHE-ECDSA-AES256-SHA384', 'ECDHE-RSA-AES256-SHA384', 'ECDHE-ECDSA-AES128-SHA256', 'ECDHE-RSA-AES128-SHA256'],
  ...['DHE-RSA-AES256-GCM-SHA384', 'DHE-RSA-AES128-GCM-SHA256', 'DHE-RSA-AES256-SHA256', 'DHE-RSA-AES128-SHA256'],
]

/** OpenSSL's own choice, as curl leaves it. */
const OPENSSL_CIPHERS = [
  ...TLS_13,
  ...['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384', 'DHE-RSA-AES256-GCM-SHA384'],
  ...['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305', 'DHE-RSA-CHACHA20-POLY1305'],
  ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256', 'DHE-RSA-AES128-GCM-SHA256'],
  ...['ECDHE-ECDSA-AES256-SHA384', 'ECDHE-RSA-AES256-SHA384', 'DHE-RSA-AES256-SHA256'],
  ...['ECDHE-ECDSA-AES128-SHA256', 'ECDHE-RSA-AES128-SHA256', 'DHE-RSA-AES128-SHA256'],
  ...['ECDHE-ECDSA-AES256-SHA', 'ECDHE-RSA-AES256-SHA', 'DHE-RSA-AES256-SHA'],
  ...['ECDHE-ECDSA-AES128-SHA', 'ECDHE-RSA-AES128-SHA', 'DHE-RSA-AES128-SHA'],
  ...['AES256-GCM-SHA384', 'AES128-GCM-SHA256', 'AES256-SHA256', 'AES128-SHA256', 'AES256-SHA', 'AES128-SHA'],
]

/** None bears a browser's name: no JA4 here equals that of one. What is `like` a program says what it lacks of it. */
export const tlsProfiles = {
  node: {
    summary: 'what this Node offers by itself, as without a profile',
    alpn: ['http/1.1'],
  },
  modern: {
    summary: 'TLS 1.3 and, for TLS 1.2, only ECDHE with AEAD ciphers; two groups, short signatures',
    ciphers: [
      ...['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
      ...['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384'],
      ...['ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
    ],
    groups: ['X25519', 'P-256'],
    sigalgs: ['ECDSA+SHA256', 'rsa_pss_rsae_sha256', 'RSA+SHA256', 'ECDSA+SHA384', 'rsa_pss_rsae_sha384', 'RSA+SHA384'],
    alpn: ['http/1.1'],
  },
  tls13_only: {
    summary: 'nothing below TLS 1.3',
    min_version: 'TLSv1.3',
    ciphers: TLS_13,
    groups: ['X25519', 'P-256', 'P-384'],
    sigalgs: ['ECDSA+SHA256', 'ECDSA+SHA384', 'ed25519', 'rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha384'],
    alpn: ['http/1.1'],
  },
  legacy_tls12: {
    summary: 'at most TLS 1.2, CBC ciphers among others, no ALPN: a client of the years before 2018',
    max_version: 'TLSv1.2',
    ciphers: [
      ...['ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-SHA384'],
      ...['ECDHE-ECDSA-AES256-SHA384', 'ECDHE-RSA-AES256-SHA', 'ECDHE-ECDSA-AES256-SHA', 'AES256-GCM-SHA384'],
      ...['AES256-SHA256', 'AES256-SHA', 'ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256'],
      ...['ECDHE-RSA-AES128-SHA', 'ECDHE-ECDSA-AES128-SHA', 'AES128-GCM-SHA256', 'AES128-SHA256', 'AES128-SHA'],
    ],
    groups: ['P-256', 'P-384', 'P-521'],
    sigalgs: ['RSA+SHA512', 'ECDSA+SHA512', 'RSA+SHA384', 'ECDSA+SHA384', 'RSA+SHA256', 'ECDSA+SHA256'],
    alpn: [],
  },
  python_like: {
    summary: 'what Python 3.11 with OpenSSL 3.0 offers by ssl.create_default_context(): no ALPN',
    ciphers: PYTHON_CIPHERS,
    alpn: [],
    ...OPENSSL_30,
  },
  requests_like: {
    summary: 'what requests 2 with urllib3 2 offers on the same Python, without post_handshake_auth: no session ticket',
    ciphers: PYTHON_CIPHERS,
    alpn: ['http/1.1'],
    tickets: false,
    ...OPENSSL_30,
  },
  curl_like: {
    summary: 'what curl 7.88 --http1.1 with OpenSSL 3.0 offers, without post_handshake_auth and versions below TLS 1.2',
    ciphers: OPENSSL_CIPHERS,
    alpn: ['http/1.1'],
    tickets: false,
    ...OPENSSL_30,
  },
  ciphers_short: {
    summary: 'three ciphers and one group: a small library of its own',
    ciphers: ['TLS_AES_128_GCM_SHA256', 'ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
    groups: ['P-256'],
    sigalgs: ['ECDSA+SHA256', 'rsa_pss_rsae_sha256', 'RSA+SHA256'],
    alpn: [],
    tickets: false,
  },
} as const satisfies Record<string, TlsProfile>

export type TlsProfileName = keyof typeof tlsProfiles
export const tlsProfileNames = Object.keys(tlsProfiles) as [TlsProfileName, ...TlsProfileName[]]

/** The name of a profile, for whoever takes one or a list of them. */
export const tlsProfileName = z.enum(tlsProfileNames, {
  error: ({ input }) => `unknown TLS profile "${input}", ${suggestion(String(input), tlsProfileNames)}`,
})
