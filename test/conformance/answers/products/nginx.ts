/** nginx in the comparison of answers. */
import type { Subject } from '../product.js'

export const nginx: Subject = {
  name: 'nginx',
  title: 'nginx',
  version: '1.22.1',
  seed: 20_221_019,
  hop: {},
  said({ level, line }) {
    if (level === 'access' || level === 'notice') return undefined
    // Whoever waited for nginx to listen asked nothing.
    if (line.startsWith('client closed connection while waiting for request')) return undefined
    return `${level} ${withoutPlaces(line)}`
  },
  reasons: {},
  page: {
    opening: `A proxy hop with \`dialect: nginx\` answers, passes on and logs as nginx 1.22.1 does:

- **Statuses**: 502 also for a name server that does not answer and for \`no live upstreams\`, 504 for its timers from the
  connect on; when retries end, that of the last failure.
- **Pages** byte for byte, with the padding for MSIE and Chrome, none for \`HEAD\`; \`Server\`, \`Date\` and the order of fields.
- **Heads** of upstreams: its own fields first, \`X-Accel-*\` and those of one hop left out, a path in \`Location\` made a URL.
- **Reading responses** with nginx's rules in the place of the mini proxy's parser: a line without a colon, a bare LF,
  two lengths, control characters are all taken; what has no status line is **HTTP/0.9**. It is passed on as it came, without
  a head, and the status is \`009\` in the access log and 9 in the journal. The connection to the client stays open, so that
  a client does not learn where it ends.
- **Buffers** of a page: a head waits for the first part of the body that is passed on, what is in a buffer when the upstream
  fails is lost, and an invalid chunk in the first buffer means that the client hears nothing at all.
- **Bodies** of requests in chunks, of up to 8,192 bytes, go on with their length told where all of it is there when a server is
  asked, as with \`proxy_request_buffering off\`. Trailers are lost.
- **Error log**, and an **access log** of lines \`combined\` with \`$upstream_addr\`, \`$upstream_status\` and
  \`$upstream_response_time\` behind it. Both are lines for \`{ log: lb, contains: … }\`; \`499\` is a client that left.
- **Seconds**: \`max_fails\` and \`fail_timeout\` count those of the clock.`,
    compared: 'every line of the error log, but for addresses',
    causes: 'statuses, truncation, log',
    variations: 'every byte and log',
    closing: `Beyond both: nginx rewrites a \`Location\` that begins with the name of its upstream group (\`proxy_redirect default\`), and takes
\`X-Accel-Redirect\` and \`X-Accel-Buffering\` as orders; the mini proxy only leaves these two out. Its clock is in UTC.`,
  },
}

const withoutPlaces = (line: string): string =>
  line
    .replace(/, client: .*/s, '')
    .replace(/127(\.\d+){3}(:\d+)?/g, 'address')
    .replace(/unix:\S+/, 'unix:path')
    // nginx writes bytes, and its log is read as UTF-8.
    .replace(/[^\0-\x7f]+/g, '?')
