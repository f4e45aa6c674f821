/** nginx's lines about what a server answers, and about clients. index.ts has the rest of nginx. */
import { type Word, word } from '../../product.js'

const ORIGIN_LOG = 'The log of the server behind it at that second: a crash, a restart, a limit.'

const BYTES = 'The bytes that come back, with curl --raw or tcpdump at that port.'

const SLOW = 'How long the server behind it takes for that path, and proxy_read_timeout (60 s).'

const HEAD = 'while reading response header from upstream'

export const nginxAnswering: readonly Word[] = [
  word(
    'recv() failed (104: Connection reset by peer) while reading response header from upstream',
    ['reset', 'partial_head'],
    'An RST came before the head of a response was complete.',
    ORIGIN_LOG,
    { pattern: /recv\(\) failed \(104: Connection reset by peer\)(?: while reading response header from upstream)?/ },
  ),
  word(
    'writev() failed (104: Connection reset by peer) while sending request to upstream',
    ['reset'],
    'An RST came while the request was being sent.',
    ORIGIN_LOG,
    {
      pattern:
        /(?:writev|send|sendfile|recv)\(\) failed \((?:104: Connection reset by peer|32: Broken pipe)\) while sending request to upstream/,
      causes: ['origin-crash', 'request-without-length'],
    },
  ),
  word(
    `upstream prematurely closed connection ${HEAD}`,
    ['closed', 'partial_head', 'reset', 'tls_closed'],
    'A FIN came before the head of a response was complete; over TLS an RST reads the same.',
    `${ORIGIN_LOG} If it is now and then: its keep-alive time against that of upstream keepalive.`,
  ),
  word(
    'upstream prematurely closed connection while sending request to upstream',
    ['closed', 'reset'],
    'A FIN came before all of the request was sent.',
    ORIGIN_LOG,
  ),
  word(
    'upstream prematurely closed connection while reading upstream',
    ['truncated', 'two_lengths'],
    'The body ended before its length, or its last chunk. The status had been sent: the access log says 200.',
    ORIGIN_LOG,
  ),
  word(
    'readv() failed (104: Connection reset by peer) while reading upstream',
    ['truncated'],
    'An RST came within the body. The status had been sent: the access log says 200.',
    ORIGIN_LOG,
    { pattern: /(?:readv|recv)\(\) failed \((?:104|113): [\w ]+\) while reading upstream/ },
  ),
  word(
    `upstream sent no valid HTTP/1.0 header ${HEAD}`,
    ['not_http', 'switched'],
    'There is no status line: nginx takes it for HTTP/0.9 and passes the raw bytes on. Its access log says 009, not 502.',
    BYTES,
    {
      pattern: /upstream sent no valid HTTP\/1\.0 header(?: while reading response header from upstream)?/,
      causes: ['garbage-response', 'malformed-status-line'],
    },
  ),
  word(
    `upstream sent invalid header: "…" ${HEAD}`,
    ['bad_header'],
    'A byte that may not stand there, in a name or a value. It counts as a failure, and is not tried elsewhere by default.',
    BYTES,
    { pattern: /upstream sent invalid header(?: line)?: .*?(?: while reading response header from upstream|$)/ },
  ),
  word(
    `upstream sent too big header ${HEAD}`,
    ['head_too_large'],
    'The head is over proxy_buffer_size, one page unless set.',
    'The size of the cookies and headers; proxy_buffer_size.',
    { pattern: /upstream sent too big (?:header|trailers)(?: while [\w ]+)?/ },
  ),
  word(
    'upstream sent "Content-Length" and "Transfer-Encoding" headers at the same time',
    ['two_lengths'],
    'Two lengths for one body (newer versions refuse that).',
    BYTES,
    { causes: ['content-length-and-chunked'] },
  ),
  word(
    'upstream sent duplicate header line: "Content-Length: …", previous value: "…"',
    ['two_lengths'],
    'One length twice (newer versions refuse that, equal values too).',
    BYTES,
    {
      pattern:
        /upstream sent duplicate header line: "Content-Length.*|upstream sent invalid "Content-Length" header.*/i,
    },
  ),
  word('upstream sent unknown "Transfer-Encoding": "…"', ['bad_coding'], 'A coding other than chunked.', BYTES, {
    pattern: /upstream sent unknown "Transfer-Encoding".*/,
  }),
  word(
    'upstream sent invalid chunked response while reading upstream',
    ['bad_chunk'],
    'A chunk size is none. The status had been sent: 200 in the access log, and the connection is cut.',
    BYTES,
    { pattern: /upstream sent invalid chunked response(?: while reading upstream)?/ },
  ),
  word(
    'upstream sent more data than specified in "Content-Length" header',
    ['two_lengths', 'not_http'],
    'Bytes behind the end of a response; they are dropped, and the response stands.',
    BYTES,
    {
      pattern:
        /upstream sent (?:more data than specified in "Content-Length" header|data after final chunk)|upstream prematurely sent response/,
    },
  ),
  word(
    'upstream sent HTTP/1.0 response with early hints',
    ['switched', 'not_http'],
    'An interim response that may not be there.',
    BYTES,
    { pattern: /upstream sent HTTP\/1\.0 response with early hints|upstream sent unexpected :status/ },
  ),
  word(
    'upstream rejected request with error …',
    ['closed', 'reset', 'not_http'],
    'Trouble in HTTP/2 with the upstream.',
    ORIGIN_LOG,
    {
      pattern:
        /upstream (?:rejected request with error|sent goaway with error|sent unexpected http2 frame|sent frame for unknown stream|sent invalid :status|sent no :status header|prematurely closed stream)/,
    },
  ),
  word(
    `upstream timed out (110: Connection timed out) ${HEAD}`,
    ['silent', 'slow_head'],
    'The request was sent, and no whole head of a response came within proxy_read_timeout.',
    SLOW,
  ),
  word(
    'upstream timed out (110: Connection timed out) while reading upstream',
    ['slow_body', 'switched'],
    'The body stopped for proxy_read_timeout. The status had been sent: the response is cut.',
    SLOW,
    { causes: ['mtu-blackhole'] },
  ),
  word(
    'upstream timed out (110: Connection timed out) while sending request to upstream',
    ['unsent', 'silent'],
    'No more of the request could be written for proxy_send_timeout.',
    SLOW,
  ),
  word(
    'upstream timed out (110: Connection timed out) while proxying upgraded connection',
    ['slow_body', 'tunnel_lost'],
    'The tunnel was idle for proxy_read_timeout.',
    'Pings of the WebSocket; proxy_read_timeout.',
    { causes: ['websocket-upgrade-failed'] },
  ),
  word(
    'no live upstreams while connecting to upstream',
    ['no_server', 'full', 'queued'],
    'Every server is excluded (max_fails) or at max_conns. nginx answers 502, not 503.',
    'The lines before it: why each of them was excluded.',
    { pattern: /no live upstreams(?: while connecting to upstream)?/ },
  ),
  word(
    'upstream server temporarily disabled while connecting to upstream',
    ['excluded', 'refused', 'silent', 'reset', 'closed'],
    'The server failed max_fails times and gets nothing for fail_timeout.',
    'The error lines of that server before it.',
    { pattern: /upstream server temporarily disabled(?: while [\w ]+)?/ },
  ),
  word(
    'limiting requests, excess: … by zone "…"',
    ['over_rate'],
    'limit_req refused it, with a 503 unless set.',
    'limit_req, and who sends that much.',
    { pattern: /(?:limiting|delaying) (?:requests, excess|connections)/ },
  ),
  word(
    'client sent invalid …',
    ['bad_request'],
    'The request is not one that nginx takes: 400, or 501 for a coding.',
    'What the client sends, byte for byte.',
    { pattern: /client sent (?:invalid|unknown|duplicate|HTTP\/1\.1 request without|too|plain HTTP)[^,]*/ },
  ),
  word(
    'client prematurely closed connection, so upstream connection is closed too',
    ['client_left'],
    'The client did not wait: 499 in the access log, an info line here.',
    "The client's timeout against that of the proxy.",
    {
      pattern:
        /(?:epoll_wait\(\) reported that )?client prematurely closed connection(?:, so upstream connection is closed too)?|client timed out/,
    },
  ),
  word(
    'client closed connection while waiting for request',
    ['client_left'],
    'A client closed an idle connection. That alone is nothing wrong.',
    'Nothing, unless the client says that it was cut off.',
  ),
  word(
    'upstream prematurely closed connection while proxying upgraded connection',
    ['tunnel_lost', 'truncated'],
    'The tunnel was cut by the server behind it.',
    ORIGIN_LOG,
    {
      pattern:
        /(?:upstream prematurely closed connection|(?:recv|readv|send)\(\) failed \([^)]*\)) while proxying upgraded connection/,
    },
  ),
  word(
    'upstream failed: switched to another protocol than was asked for',
    ['switched'],
    "The mini proxy's own words for what nginx has none: a 101 for another protocol.",
    BYTES,
  ),
  word(
    'upstream failed: …',
    ['switched', 'queued', 'overloaded', 'unsent'],
    "The mini proxy's own words for what nginx has none.",
    'The trace of the run: badgateway run <id> --trace.',
    { pattern: /upstream failed: .*/ },
  ),
]
