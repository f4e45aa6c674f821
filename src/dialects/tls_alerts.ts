/**
 * TLS alerts: the name in RFC 8446 section 6 (the older ones from RFC 5246), and what OpenSSL 3.0 calls the error that
 * receiving one becomes. The dialects translate a failure's `alert_id` with it.
 */
import type { AlertId } from '../core/tls.js'

export interface TlsAlert {
  name: string
  openssl: string
}

const alert = (name: string, openssl: string): TlsAlert => ({ name, openssl })

const known: Readonly<Record<AlertId, TlsAlert>> = {
  10: alert('unexpected_message', 'sslv3 alert unexpected message'),
  20: alert('bad_record_mac', 'sslv3 alert bad record mac'),
  21: alert('decryption_failed', 'tlsv1 alert decryption failed'),
  22: alert('record_overflow', 'tlsv1 alert record overflow'),
  30: alert('decompression_failure', 'sslv3 alert decompression failure'),
  40: alert('handshake_failure', 'sslv3 alert handshake failure'),
  41: alert('no_certificate', 'sslv3 alert no certificate'),
  42: alert('bad_certificate', 'sslv3 alert bad certificate'),
  43: alert('unsupported_certificate', 'sslv3 alert unsupported certificate'),
  44: alert('certificate_revoked', 'sslv3 alert certificate revoked'),
  45: alert('certificate_expired', 'sslv3 alert certificate expired'),
  46: alert('certificate_unknown', 'sslv3 alert certificate unknown'),
  47: alert('illegal_parameter', 'sslv3 alert illegal parameter'),
  48: alert('unknown_ca', 'tlsv1 alert unknown ca'),
  49: alert('access_denied', 'tlsv1 alert access denied'),
  50: alert('decode_error', 'tlsv1 alert decode error'),
  51: alert('decrypt_error', 'tlsv1 alert decrypt error'),
  60: alert('export_restriction', 'tlsv1 alert export restriction'),
  70: alert('protocol_version', 'tlsv1 alert protocol version'),
  71: alert('insufficient_security', 'tlsv1 alert insufficient security'),
  80: alert('internal_error', 'tlsv1 alert internal error'),
  86: alert('inappropriate_fallback', 'tlsv1 alert inappropriate fallback'),
  90: alert('user_canceled', 'tlsv1 alert user cancelled'),
  100: alert('no_renegotiation', 'tlsv1 alert no renegotiation'),
  109: alert('missing_extension', 'tlsv13 alert missing extension'),
  110: alert('unsupported_extension', 'tlsv1 unsupported extension'),
  111: alert('certificate_unobtainable', 'tlsv1 certificate unobtainable'),
  112: alert('unrecognized_name', 'tlsv1 unrecognized name'),
  113: alert('bad_certificate_status_response', 'tlsv1 bad certificate status response'),
  114: alert('bad_certificate_hash_value', 'tlsv1 bad certificate hash value'),
  115: alert('unknown_psk_identity', 'tlsv1 alert unknown psk identity'),
  116: alert('certificate_required', 'tlsv13 alert certificate required'),
  120: alert('no_application_protocol', 'tlsv1 alert no application protocol'),
}

/** By any number, since a server may send any. */
export const tlsAlerts: Readonly<Record<number, TlsAlert>> = known
