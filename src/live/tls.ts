/**
 * A side's options of TLS in Node's words. Origin and proxy front take them for the server's side, proxies and clients
 * for the side that dials.
 */
import { type ConnectionOptions, createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls'
import type { CertificateKind } from '../core/fault/effects/certificate.js'
import { type DialTls, keyTypesOf, type ServerTls, type TlsChoice, versionsOf } from '../core/tls.js'
import type { Certificates } from './certificates.js'
import { profileOptions } from './profiles.js'

/** @param wrong what is wrong with the certificate */
export async function serverOptions(
  certificates: Certificates,
  hop: string,
  options: ServerTls,
  wrong?: CertificateKind,
): Promise<TlsOptions> {
  const pairs = await Promise.all(keyTypesOf(options).map((key) => certificates.of(hop, { wrong, key })))
  const required = options.client_certificate === 'required'
  return {
    ...choiceOf(options),
    key: pairs.map(({ key }) => key),
    cert: pairs.map(({ cert }) => cert),
    ca: certificates.ca,
    requestCert: required,
    rejectUnauthorized: required,
  }
}

/**
 * What dialling needs beside the socket and the name. No session is ever kept: every handshake is a full one, with the
 * same fingerprint.
 */
export async function dialOptions(
  certificates: Certificates,
  who: string,
  options: DialTls,
): Promise<ConnectionOptions> {
  const pair = options.client_certificate ? await certificates.of(who, { client: true }) : undefined
  const { ALPNProtocols, ...offer } = offerOf(options)
  return {
    secureContext: createSecureContext({ ...offer, ...pair, ca: certificates.ca }),
    servername: options.server_name,
    rejectUnauthorized: options.verify,
    ...(ALPNProtocols && { ALPNProtocols }),
  }
}

const offerOf = (options: DialTls): ConnectionOptions =>
  options.profile ? profileOptions(options.profile) : { ...choiceOf(options), ALPNProtocols: ['http/1.1'] }

function choiceOf(options: TlsChoice): SecureContextOptions {
  const versions = versionsOf(options)
  const { ciphers } = options
  return { minVersion: versions[0], maxVersion: versions.at(-1), ...(ciphers && { ciphers: ciphers.join(':') }) }
}
