/**
 * TLS profiles in Node's words, and the fingerprints that they have on this version of it: OpenSSL decides much of a
 * ClientHello, so they are computed from one, never written down. Whoever dials, the firewall and `list` call it.
 */
import { constants } from 'node:crypto'
import { Duplex, PassThrough } from 'node:stream'
import { type ConnectionOptions, connect } from 'node:tls'
import { type TlsProfile, type TlsProfileName, tlsProfileNames, tlsProfiles } from '../core/tls_profiles.js'

/** For `tls.connect`, or, but for ALPNProtocols, for `createSecureContext`. */
export function profileOptions(name: TlsProfileName): ConnectionOptions {
  const profile: TlsProfile = tlsProfiles[name]
  const { min_version = 'TLSv1.2', max_version = 'TLSv1.3', ciphers, groups, sigalgs, alpn } = profile
  const padding = profile.padding ? constants.SSL_OP_ALL : 0
  const noTickets = profile.tickets === false ? constants.SSL_OP_NO_TICKET : 0
  return {
    minVersion: min_version,
    maxVersion: max_version,
    secureOptions: padding | noTickets,
    ...(ciphers && { ciphers: ciphers.join(':') }),
    ...(groups && { ecdhCurve: groups.join(':') }),
    ...(sigalgs && { sigalgs: sigalgs.join(':') }),
    ...(alpn.length > 0 && { ALPNProtocols: [...alpn] }),
  }
}

export interface Fingerprint {
  profile: TlsProfileName
  ja3: string
  ja4: string
}

let known: Promise<readonly Fingerprint[]> | undefined

/** Of every profile, in the order of the table, with a server name; for an address there is none, and a JA4 of its own. */
export function fingerprints(): Promise<readonly Fingerprint[]> {
  known ??= Promise.all(tlsProfileNames.map(fingerprint))
  return known
}

/** By the ClientHello of a handshake with nobody, in memory. */
async function fingerprint(profile: TlsProfileName): Promise<Fingerprint> {
  // Whoever dials needs profiles, few their fingerprints.
  const { fingerprintOf } = await import('./hello.js')
  const sent = new PassThrough()
  const nobody = new Duplex({ read() {}, write: (chunk, _encoding, done) => void sent.write(chunk, done) })
  const socket = connect({ ...profileOptions(profile), socket: nobody, servername: 'app.test' })
  socket.on('error', () => {})
  try {
    return { profile, ...(await fingerprintOf(sent)) }
  } finally {
    socket.destroy()
  }
}
