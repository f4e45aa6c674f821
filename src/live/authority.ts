/**
 * The CA of this process, which lives in memory: nothing to ship, nothing to expire. certificates.ts loads it where TLS is
 * spoken: what makes certificates takes longer to load than many a run lasts.
 */
import { webcrypto } from 'node:crypto'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import type { CertificateKind } from '../core/fault/effects/certificate.js'
import type { KeyType } from '../core/tls.js'
import { wallMs } from './clock.js'

/** What is not said is usual: nothing wrong, an ECDSA key, for a server. */
export interface CertificateOrder {
  wrong?: CertificateKind | undefined
  key?: KeyType | undefined
  /** It says who dials. */
  client?: true | undefined
}

/** PEM, the chain included. */
export interface KeyPair {
  key: string
  cert: string
}

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
} as const
const DAY_MS = 86_400_000

type CryptoKeyPair = webcrypto.CryptoKeyPair

/** Who signs: a CA, with what of its chain a server has to send. */
interface Authority {
  certificate: x509.X509Certificate
  keys: CryptoKeyPair
}

/**
 * Made once in a process, at first use: an RSA key takes longer than all the rest of a run's start, and a CA has no
 * state that two runs could share. What is a hop's own is made anew for every run.
 */
const root = lazily(() => createAuthority('badgateway test CA'))
const intermediate = lazily(async () => createAuthority('badgateway test intermediate CA', await root()))
const stranger = lazily(async () =>
  createAuthority('intermediate CA that nobody trusts', await createAuthority('CA that nobody trusts')),
)
const rsaKeys = lazily(() => webcrypto.subtle.generateKey(RSA, true, ['sign', 'verify']))

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

/** In days from now; a process may live for long. */
const VALID = [-1, 398]
const VALID_CA = [-1, 3650]
const DAYS: Partial<Record<CertificateKind, number[]>> = { expired: [-60, -1], not_yet_valid: [398, 500] }

/** A root, or what a root has signed. */
async function createAuthority(name: string, above?: Authority): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: above?.certificate.subject ?? `CN=${name}`,
    publicKey: keys.publicKey,
    signingKey: (above?.keys ?? keys).privateKey,
    ...validity(VALID_CA),
    signingAlgorithm: ECDSA,
    extensions: [
      new x509.BasicConstraintsExtension(true, above ? 0 : 1, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  })
  return { certificate, keys }
}

/** PEM of the root. */
export const rootCertificate = async (): Promise<string> => (await root()).certificate.toString('pem')

/** @param more names of it, beside its own */
export async function issue(
  name: string,
  more: readonly string[],
  { wrong, key, client }: CertificateOrder,
): Promise<KeyPair> {
  const authority = await (wrong === 'untrusted' ? stranger() : intermediate())
  const keys = await (key === 'rsa' ? rsaKeys() : webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']))
  const own = wrong === 'wrong_host' ? 'another-host.invalid' : name
  const names: x509.JsonGeneralNames = [{ type: 'dns', value: own }]
  const others = ['localhost', ...more].map((value) => ({ type: 'dns' as const, value }))
  if (own === name) names.push(...others, { type: 'ip', value: '127.0.0.1' })
  const usage = client ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth
  const leaf = await x509.X509CertificateGenerator.create({
    subject: `CN=${own}`,
    issuer: authority.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    ...validity((wrong && DAYS[wrong]) ?? VALID),
    signingAlgorithm: ECDSA,
    extensions: [new x509.SubjectAlternativeNameExtension(names), new x509.ExtendedKeyUsageExtension([usage])],
  })
  // The root is the peer's to have; what stands between it and the leaf is to be sent.
  const chain = wrong === 'missing_intermediate' ? [leaf] : [leaf, authority.certificate]
  return {
    key: x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY'),
    cert: chain.map((certificate) => certificate.toString('pem')).join('\n'),
  }
}

function validity(days: number[]): { notBefore: Date; notAfter: Date } {
  const today = wallMs()
  return { notBefore: new Date(today + days[0]! * DAY_MS), notAfter: new Date(today + days[1]! * DAY_MS) }
}
