/** nginx's lines about reaching a server: names, connections, TLS. index.ts has the rest of nginx. */
import { type Word, word } from '../../product.js'

const LISTENING = 'Whether anything listens at the address behind "upstream:": ss -ltn on that host.'

const ORIGIN_LOG = 'The log of the server behind it at that second: a crash, a restart, a limit.'

const CERTIFICATE =
  'openssl s_client -connect HOST:PORT -servername NAME -showcerts; proxy_ssl_name, proxy_ssl_trusted_certificate.'

const HELLO = 'while SSL handshaking to upstream'

export const nginxConnecting: readonly Word[] = [
  word(
    'connect() failed (111: Connection refused) while connecting to upstream',
    ['refused'],
    'The address answered the SYN with an RST: nobody listens there.',
    LISTENING,
    {
      pattern:
        /(?:connect\(\)(?: to \S+)? )?failed \(111: Connection refused\)(?: while connecting to upstream)?|could not connect\b/i,
    },
  ),
  word(
    'connect() to unix:… failed (2: No such file or directory) while connecting to upstream',
    ['refused'],
    'The unix socket is gone: the program behind it has ended, or listens at another path.',
    'Whether that program runs, and the path in its configuration.',
    {
      pattern: /(?:connect\(\)(?: to \S+)? )?failed \(2: No such file or directory\)(?: while connecting to upstream)?/,
      causes: ['unix-socket-upstream-gone'],
    },
  ),
  word(
    'upstream timed out (110: Connection timed out) while connecting to upstream',
    ['connect_timeout'],
    'No answer to the SYN within proxy_connect_timeout: it is dropped, or the accept queue is full.',
    'A firewall between them; ss -ltn at the server: Recv-Q at its limit is a full accept queue.',
  ),
  word(
    'connect() failed (110: Connection timed out) while connecting to upstream',
    ['connect_timeout'],
    "The kernel gave up on the connection before nginx's own timer did: a 502 then.",
    'A firewall between them that drops packets.',
  ),
  word(
    'connect() failed (113: No route to host) while connecting to upstream',
    ['unroutable'],
    'No route to the address, or a router says that nobody has it.',
    'ip route get ADDRESS; the routers on the way.',
    {
      pattern:
        /(?:connect\(\)(?: to \S+)? )?failed \((?:113: No route to host|101: Network is unreachable)\)(?: while connecting to upstream)?/,
    },
  ),
  word(
    'could not be resolved (3: Host not found)',
    ['name_unknown'],
    'The name has no address.',
    'dig NAME @RESOLVER, and the spelling of the name.',
    { pattern: /could not be resolved \(3: Host not found\)|host not found in upstream/ },
  ),
  word(
    'could not be resolved (2: Server failure)',
    ['name_failed'],
    'The name server answered with an error, nginx with a 502.',
    'dig NAME @RESOLVER; the log of the name server.',
    {
      pattern: /could not be resolved \((?:1: Format error|2: Server failure|4: Unimplemented|5: Operation refused)\)/,
    },
  ),
  word(
    'could not be resolved (110: Operation timed out)',
    ['name_timeout'],
    'The name server did not answer within resolver_timeout. nginx answers 502, not 504.',
    'Whether the resolver can be reached.',
  ),
  word(
    'no resolver defined to resolve',
    ['name_unknown', 'no_route'],
    'proxy_pass has a name with a variable, and no resolver is set.',
    'The directive resolver.',
  ),
  word(
    `peer closed connection in SSL handshake (104: Connection reset by peer) ${HELLO}`,
    ['tls_reset', 'reset'],
    'The server, or a firewall in front of it, reset the connection on seeing the ClientHello.',
    'The same ClientHello from another address, and another one from here.',
  ),
  word(
    `peer closed connection in SSL handshake ${HELLO}`,
    ['tls_closed'],
    'The server closed the connection instead of answering the ClientHello.',
    ORIGIN_LOG,
  ),
  word(
    `upstream timed out (110: Connection timed out) ${HELLO}`,
    ['tls_timeout'],
    'The TLS handshake took longer than proxy_connect_timeout, which counts anew for it.',
    'Whether that port speaks TLS at all, and what is between.',
  ),
  ...alerts(),
  word(
    `SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) ${HELLO}`,
    ['tls_garbled'],
    'What came back is no TLS: a plain HTTP server at that port.',
    'http:// or https:// in proxy_pass, and the port.',
    { pattern: /SSL_\w+\(\) failed \(SSL: error:0A00010B:[^)]*\)(?: while [\w ]+)?/ },
  ),
  word(
    `SSL_do_handshake() failed (SSL: …) ${HELLO}`,
    ['tls_garbled', 'tls_alert'],
    'The TLS handshake failed: version, cipher or signature, or bytes that are no TLS.',
    'openssl s_client -connect HOST:PORT; proxy_ssl_protocols, proxy_ssl_ciphers.',
    { pattern: /SSL_\w+\(\) failed(?: \(SSL: [^)]*\))?(?: while [\w ]+)?/ },
  ),
  word(
    `upstream SSL certificate verify error: (10:certificate has expired) ${HELLO}`,
    ['certificate'],
    'proxy_ssl_verify is on, and the certificate has expired.',
    CERTIFICATE,
    {
      pattern: /verify error: \(10:certificate has expired\)/,
      causes: ['tls-cert-expired', 'cdn-origin-tls-invalid'],
      only: true,
    },
  ),
  word(
    `upstream SSL certificate verify error: (9:certificate is not yet valid) ${HELLO}`,
    ['certificate'],
    'The certificate is of the future: its dates, or the clock here.',
    'date, and the dates of the certificate.',
    { pattern: /verify error: \(9:certificate is not yet valid\)/, causes: ['tls-cert-not-yet-valid'], only: true },
  ),
  word(
    `upstream SSL certificate verify error: (20:unable to get local issuer certificate) ${HELLO}`,
    ['certificate'],
    'Who signed it is not trusted here, or the intermediate certificate is missing.',
    CERTIFICATE,
    {
      pattern: /verify error: \((?:18|19|20):/,
      causes: ['tls-cert-untrusted', 'tls-cert-missing-intermediate'],
      only: true,
    },
  ),
  word(
    `upstream SSL certificate verify error: (21:unable to verify the first certificate) ${HELLO}`,
    ['certificate'],
    'The server does not send its intermediate certificate.',
    CERTIFICATE,
    { pattern: /verify error: \(21:/, causes: ['tls-cert-missing-intermediate', 'tls-cert-untrusted'], only: true },
  ),
  word(
    `upstream SSL certificate verify error: (…) ${HELLO}`,
    ['certificate'],
    'The certificate was not accepted.',
    CERTIFICATE,
    { pattern: /upstream SSL certificate verify error/ },
  ),
  word(
    `upstream SSL certificate does not match "…" ${HELLO}`,
    ['certificate'],
    'The certificate is for another name than proxy_ssl_name, the host of proxy_pass.',
    CERTIFICATE,
    { pattern: /upstream SSL certificate does not match/, causes: ['tls-cert-wrong-host'], only: true },
  ),
]

function alerts(): Word[] {
  const table = [
    [
      40,
      'no common cipher, or a client certificate is missing (TLS 1.2)',
      ['tls-cipher-mismatch', 'tls-client-cert-required'],
    ],
    [70, 'no common version of TLS', ['tls-version-mismatch']],
    [112, 'the server does not know that name (SNI)', ['tls-cert-wrong-host']],
    [116, 'it wants a client certificate (TLS 1.3)', ['tls-client-cert-required']],
  ] as const
  return table.map(([alert, means, causes]) =>
    word(
      `SSL_do_handshake() failed (SSL: error:…:SSL alert number ${alert}) ${HELLO}`,
      ['tls_alert'],
      `The server sent TLS alert ${alert}: ${means}.`,
      'openssl s_client -connect HOST:PORT; proxy_ssl_protocols, proxy_ssl_ciphers, proxy_ssl_certificate.',
      {
        pattern: new RegExp(`SSL_\\w+\\(\\) failed \\(SSL: [^)]*alert number ${alert}\\)(?: while [\\w ]+)?`),
        causes,
        only: true,
      },
    ),
  )
}
