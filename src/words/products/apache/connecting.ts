/** Apache's lines about reaching a server: the errno, workers, TLS. index.ts has the rest of Apache. */
import type { Mishap } from '../../mishaps.js'
import { type Word, word } from '../../product.js'

const ORIGIN_LOG = 'The log of the server behind it at that second: a crash, a restart, a limit.'

const CERTIFICATE =
  'openssl s_client -connect HOST:PORT -servername NAME -showcerts; SSLProxyVerify, SSLProxyCACertificateFile.'

const SLOW = 'How long the server behind it takes; ProxyTimeout.'

const code = (
  number: string,
  text: string,
  mishaps: readonly Mishap[],
  says: string,
  next: string,
  more: { causes?: readonly string[]; only?: true } = {},
) =>
  word(`AH${number}: ${text}`, mishaps, says, next, {
    pattern: new RegExp(`AH${number}(?!\\d)(?:: .*)?`, 's'),
    ...more,
  })

/** In front of some of its codes stands the errno: the AH line and this one say more together. */
const errno = (number: string, text: string, mishaps: readonly Mishap[], says: string, next: string) =>
  word(`(${number})${text}`, mishaps, says, next, { pattern: new RegExp(`\\(${number}\\)${text}`) })

export const apacheConnecting: readonly Word[] = [
  errno('111', 'Connection refused', ['refused'], 'errno 111: nobody listens there.', 'ss -ltn at the server.'),
  errno(
    '110',
    'Connection timed out',
    ['connect_timeout', 'silent'],
    'errno 110: no answer in time.',
    'A firewall between them.',
  ),
  errno(
    '70007',
    'The timeout specified has expired',
    ['silent', 'connect_timeout', 'slow_head', 'slow_body', 'tls_timeout', 'unsent'],
    'A time limit of Apache struck: ProxyTimeout, or connectiontimeout.',
    SLOW,
  ),
  errno(
    '104',
    'Connection reset by peer',
    ['reset', 'tls_reset', 'truncated', 'partial_head'],
    'errno 104: an RST came.',
    ORIGIN_LOG,
  ),
  errno('101', 'Network is unreachable', ['unroutable'], 'errno 101: no route.', 'ip route get ADDRESS.'),
  errno('113', 'No route to host', ['unroutable'], 'errno 113: no route.', 'ip route get ADDRESS.'),
  errno(
    '70014',
    'End of file found',
    ['closed', 'partial_head', 'truncated', 'tls_closed'],
    'A FIN came where more was expected.',
    ORIGIN_LOG,
  ),
  errno(
    '2',
    'No such file or directory',
    ['refused'],
    'errno 2: the unix socket is gone.',
    'Whether the program behind it runs.',
  ),
  errno(
    '20014',
    'Internal error',
    ['bad_header', 'not_http', 'bad_chunk', 'head_too_large', 'reset', 'closed'],
    'APR has no better word: the bytes that came could not be used.',
    'The bytes that come back.',
  ),
  code(
    '00957',
    'HTTP: attempt to connect to … failed',
    ['refused', 'connect_timeout', 'unroutable'],
    'No connection to the server: 503, not 502.',
    'The errno in front of the code.',
  ),
  code(
    '02454',
    'HTTP: attempt to connect to Unix domain socket … failed',
    ['refused'],
    'Nobody is behind the unix socket.',
    'Whether that program runs.',
    { causes: ['unix-socket-upstream-gone'] },
  ),
  code(
    '01114',
    'HTTP: failed to make connection to backend: …',
    ['refused', 'connect_timeout', 'unroutable', 'excluded', 'no_server'],
    'No connection, or the worker is in error state after one that failed.',
    'The AH00957 or AH00959 before it.',
  ),
  code(
    '00959',
    'ap_proxy_connect_backend disabling worker for (…) for 60s',
    ['excluded', 'refused', 'connect_timeout', 'unroutable'],
    'The worker is in error state for retry= seconds: requests get a 503 without a try.',
    'retry=0 where there is but one server.',
  ),
  code(
    '00940',
    'HTTP: disabled connection for (…)',
    ['excluded', 'refused', 'connect_timeout', 'unroutable', 'no_server'],
    'The worker is still in error state: 503 without a try.',
    'The AH00957 or AH00959 before it; retry=.',
  ),
  code(
    '00934',
    'all workers are busy. Unable to serve …',
    ['full', 'no_server'],
    'Every worker is busy or in error state.',
    'The balancer-manager.',
  ),
  code(
    '01170',
    'balancer://…: All workers are in error state',
    ['no_server', 'excluded', 'refused'],
    'No member may be tried: 503.',
    'Why each of them failed: the lines before it.',
  ),
  code(
    '01167',
    'balancer://…: All workers are in error state for route (…)',
    ['no_server', 'excluded', 'refused'],
    'No member may be tried: 503.',
    'Why each of them failed: the lines before it.',
  ),
  code(
    '01174',
    'balancer://…: Forcing worker (…) into error state due to status code …',
    ['passed_503', 'passed_502', 'excluded'],
    'failonstatus: a status of the server took it out.',
    'The log of that server.',
  ),
  code(
    '02460',
    'balancer://…: Forcing worker (…) into error state due to timeout',
    ['silent', 'excluded'],
    'failontimeout: silence of the server took it out.',
    SLOW,
  ),
  code(
    '02003',
    'SSL Proxy connect failed',
    ['tls_alert', 'tls_garbled', 'tls_reset', 'tls_closed', 'tls_timeout', 'certificate'],
    'The TLS handshake with the server failed: 500 or 502.',
    'The "SSL Library Error" behind it; openssl s_client.',
  ),
  code(
    '02004',
    'SSL Proxy: Peer certificate is expired',
    ['certificate'],
    'The certificate has expired: 500 or 502.',
    CERTIFICATE,
    { causes: ['tls-cert-expired', 'cdn-origin-tls-invalid'], only: true },
  ),
  code(
    '02411',
    'SSL Proxy: Peer certificate does not match for hostname …',
    ['certificate'],
    'The certificate is for another name.',
    CERTIFICATE,
    { causes: ['tls-cert-wrong-host'], only: true },
  ),
  code(
    '02005',
    'SSL Proxy: Peer certificate CN mismatch',
    ['certificate'],
    'The certificate is for another name.',
    CERTIFICATE,
    { causes: ['tls-cert-wrong-host'], only: true },
  ),
  code(
    '02039',
    'Certificate Verification: Error (…): …',
    ['certificate'],
    'The certificate was not accepted; the text says why.',
    CERTIFICATE,
  ),
  code(
    '02276',
    'Certificate Verification: Error (…): …',
    ['certificate'],
    'The certificate was not accepted; the text says why.',
    CERTIFICATE,
  ),
  code(
    '02040',
    'Certificate Verification: Certificate Chain too long',
    ['certificate'],
    'The chain is longer than SSLProxyVerifyDepth.',
    CERTIFICATE,
  ),
  code(
    '02268',
    'Proxy client certificate callback: … wanted client certificate but none are configured',
    ['tls_alert'],
    'The server wants a client certificate.',
    'SSLProxyMachineCertificateFile.',
    { causes: ['tls-client-cert-required'], only: true },
  ),
  code(
    '02008',
    'SSL library error … in handshake',
    ['tls_alert', 'tls_garbled', 'certificate'],
    'OpenSSL says why in the next line.',
    'The "SSL Library Error" behind it.',
  ),
  code(
    '01961',
    'failed to enable ssl support for …',
    ['tls_garbled', 'no_route'],
    'SSLProxyEngine is off.',
    'SSLProxyEngine On.',
  ),
  code(
    '01144',
    'No protocol handler was valid for the URL …',
    ['no_route'],
    'No module for that scheme is loaded: 500.',
    'LoadModule mod_proxy_http.',
  ),
  code(
    '00935',
    'DNS lookup failure for: …',
    ['name_unknown', 'name_failed', 'name_timeout'],
    'The name has no address: 502.',
    'dig NAME.',
  ),
  word(
    'DNS lookup failure for: …',
    ['name_unknown', 'name_failed', 'name_timeout'],
    'The name has no address: 502.',
    'dig NAME.',
    { pattern: /DNS lookup failure for:? .*/ },
  ),
  word(
    'SSL Library Error: error:…',
    ['tls_alert', 'tls_garbled', 'certificate', 'tls_reset', 'tls_closed'],
    'What OpenSSL says of the failure before it.',
    'The AH code around it.',
    { pattern: /SSL Library Error: error:.*/ },
  ),
]
