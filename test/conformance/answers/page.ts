/** docs/nginx.md, from the comparison: how far the mini proxy in nginx's dialect is the real one, and where it is not. */
import type { Causes } from './causes.js'
import { isSame, type Row, undecided } from './seen.js'

export interface Compared {
  version: string
  causes: Causes
  seed: number
  variations: { rows: readonly Row[]; kinds: readonly string[] }
}

/** Why a row differs, by its name. A difference without a reason fails the test. */
export const reasons: Readonly<Record<string, string>> = {}

export function page({ version, causes, seed, variations }: Compared): string {
  const differing = [...causes.rows, ...variations.rows].filter((row) => !isSame(row))
  return `# The nginx dialect

A proxy hop with \`dialect: nginx\` answers, passes on and logs as nginx ${version} does:

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
- **Error log**, and an **access log** of lines \`combined\` with \`$upstream_addr\`, \`$upstream_status\` and
  \`$upstream_response_time\` behind it. Both are lines for \`{ log: lb, contains: … }\`; \`499\` is a client that left.
- **Seconds**: \`max_fails\` and \`fail_timeout\` count those of the clock.

## How it is shown

\`test/alone/answers.ts\` plays the same at the mini proxy and at a real nginx ${version}, and writes this file
(\`node .ci/nginx.mjs\`). Compared is what clients got and every line of the error log, but for addresses.

| compared | how many | the same |
|---|---|---|
${line('causes: statuses, truncation, log', causes.rows)}
${line(`variations of a response, seed ${seed}: every byte and log`, variations.rows)}

The variations are responses ${list(variations.kinds)}. A second request on
the same connection shows where the response ended and whether the connection goes on.

## What differs

${differing.length === 0 ? 'Nothing, at this seed.' : differing.map(difference).join('\n')}

## What is not compared

${causes.left.map(({ name, why }) => `- \`${name}\`: ${why}.`).join('\n')}

Beyond both: nginx rewrites a \`Location\` that begins with the name of its upstream group (\`proxy_redirect default\`), and takes
\`X-Accel-Redirect\` and \`X-Accel-Buffering\` as orders; the mini proxy only leaves these two out. Its clock is in UTC.
`
}

const line = (what: string, rows: readonly Row[]): string =>
  `| ${what} | ${rows.length} | ${rows.filter(isSame).length} |`

function difference({ name, nginx, mini }: Row): string {
  if (name in undecided) return `- \`${name}\`: ${undecided[name]}.`
  const told = ({ got, log }: Row['nginx']) =>
    [...got, ...log].map((text) => `\`${JSON.stringify(text).slice(1, -1)}\``)
  const both = `nginx: ${told(nginx).join(', ')}; mini proxy: ${told(mini).join(', ')}`
  return `- \`${name}\`: ${reasons[name] ?? 'no reason is known'}. ${both}.`
}

const list = (words: readonly string[]): string => `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
