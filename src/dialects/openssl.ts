/**
 * OpenSSL 3.0's words, for the products that log them: what verifying a certificate found, by Node's code for it, and
 * the error that a received alert becomes.
 */
import { tlsAlerts } from './tls_alerts.js'

const verifyErrors: Readonly<Record<string, [number, string]>> = {
  UNSPECIFIED: [1, 'unspecified certificate verification error'],
  UNABLE_TO_GET_ISSUER_CERT: [2, 'unable to get issuer certificate'],
  UNABLE_TO_GET_CRL: [3, 'unable to get certificate CRL'],
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: [4, "unable to decrypt certificate's signature"],
  UNABLE_TO_DECRYPT_CRL_SIGNATURE: [5, "unable to decrypt CRL's signature"],
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: [6, 'unable to decode issuer public key'],
  CERT_SIGNATURE_FAILURE: [7, 'certificate signature failure'],
  CRL_SIGNATURE_FAILURE: [8, 'CRL signature failure'],
  CERT_NOT_YET_VALID: [9, 'certificate is not yet valid'],
  CERT_HAS_EXPIRED: [10, 'certificate has expired'],
  CRL_NOT_YET_VALID: [11, 'CRL is not yet valid'],
  CRL_HAS_EXPIRED: [12, 'CRL has expired'],
  ERROR_IN_CERT_NOT_BEFORE_FIELD: [13, "format error in certificate's notBefore field"],
  ERROR_IN_CERT_NOT_AFTER_FIELD: [14, "format error in certificate's notAfter field"],
  ERROR_IN_CRL_LAST_UPDATE_FIELD: [15, "format error in CRL's lastUpdate field"],
  ERROR_IN_CRL_NEXT_UPDATE_FIELD: [16, "format error in CRL's nextUpdate field"],
  DEPTH_ZERO_SELF_SIGNED_CERT: [18, 'self-signed certificate'],
  SELF_SIGNED_CERT_IN_CHAIN: [19, 'self-signed certificate in certificate chain'],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [20, 'unable to get local issuer certificate'],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [21, 'unable to verify the first certificate'],
  CERT_CHAIN_TOO_LONG: [22, 'certificate chain too long'],
  CERT_REVOKED: [23, 'certificate revoked'],
  PATH_LENGTH_EXCEEDED: [25, 'path length constraint exceeded'],
  INVALID_PURPOSE: [26, 'unsuitable certificate purpose'],
  CERT_UNTRUSTED: [27, 'certificate not trusted'],
  CERT_REJECTED: [28, 'certificate rejected'],
  HOSTNAME_MISMATCH: [62, 'hostname mismatch'],
  INVALID_CA: [79, 'invalid CA certificate'],
}

/** `10:certificate has expired` for CERT_HAS_EXPIRED. */
export function verifyError(code: string | undefined): string {
  const [number, text] = verifyErrors[code ?? 'UNSPECIFIED'] ?? verifyErrors.UNSPECIFIED!
  return `${number}:${text}`
}

/** CERT_HAS_EXPIRED for 10; what is not known is unspecified. */
export const verifyErrorCode = (number: number): string =>
  Object.entries(verifyErrors).find(([, [known]]) => known === number)?.[0] ?? 'UNSPECIFIED'

/**
 * `error:0A000410:SSL routines::sslv3 alert handshake failure:SSL alert number 40` for 40: library 20 is SSL, and the
 * reason is 1000 more than the alert.
 */
export function alertError(alertId: number): string {
  const reason = 1000 + alertId
  const code = ((20 << 23) | reason).toString(16).toUpperCase().padStart(8, '0')
  return `error:${code}:SSL routines::${tlsAlerts[alertId]?.openssl ?? `reason(${reason})`}:SSL alert number ${alertId}`
}
