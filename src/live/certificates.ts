/**
 * Certificates made at start by a CA that lives in memory: nothing to ship, nothing to expire. Origins and proxies
 * show them, everybody who dials trusts the CA.
 */
import { webcrypto } from 'node:crypto'
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import type { CertificateKind } from '../core/fault/effects/certificate.js'
import { wallMs } from './clock.js'

export interface Certificates {
  /** PEM of the CA to trust. */
  readonly ca: string
  /** The certificate of a hop; wrong in one way, or right. Made at first use. */
  of(hop: string, wrong?: CertificateKind): Promise<KeyPair>
}

/** PEM, the chain included. */
export interface KeyPair {
  key: string
  cert: string
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000

export async function createCertificates(): Promise<Certificates> {
  const authority = await createAuthority('badgateway test CA')
  let stranger: Promise<Authority> | undefined
  const made = new Map<string, Promise<KeyPair>>()
  const make = async (hop: string, wrong: CertificateKind | undefined): Promise<KeyPair> => {
    if (wrong === 'untrusted') {
      stranger ??= createAuthority('nobody trusts this CA')
      return issue(await stranger, hop, VALID)
    }
    const days = wrong === 'expired' ? [-30, -1] : wrong === 'not_yet_valid' ? [1, 30] : VALID
    return issue(authority, wrong === 'wrong_host' ? 'another-host.invalid' : hop, days, wrong !== 'wrong_host')
  }
  return {
    ca: authority.certificate.toString('pem'),
    of(hop, wrong) {
      const key = `${hop}/${wrong ?? 'valid'}`
      const known = made.get(key) ?? make(hop, wrong)
      made.set(key, known)
      return known
    },
  }
}

type CryptoKeyPair = webcrypto.CryptoKeyPair

interface Authority {
  certificate: x509.X509Certificate
  keys: CryptoKeyPair
}

const VALID = [-1, 30]

async function createAuthority(name: string): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    ...validity(VALID),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  })
  return { certificate, keys }
}

async function issue(authority: Authority, name: string, days: number[], local = true): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const names: x509.JsonGeneralNames = [{ type: 'dns', value: name }]
  if (local) names.push({ type: 'dns', value: 'localhost' }, { type: 'ip', value: '127.0.0.1' })
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${name}`,
    issuer: authority.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    ...validity(days),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.SubjectAlternativeNameExtension(names),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    ],
  })
  const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
  return { key, cert: certificate.toString('pem') }
}

function validity(days: number[]): { notBefore: Date; notAfter: Date } {
  const today = wallMs()
  return { notBefore: new Date(today + days[0]! * DAY_MS), notAfter: new Date(today + days[1]! * DAY_MS) }
}
