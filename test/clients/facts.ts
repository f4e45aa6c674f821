/**
 * What is published about how curl, wget and urllib3 retry, as data: the words of a call, what the server does, and what
 * it must have seen. programs.test.ts measures each. The sources are the manuals of curl and wget, and urllib3's
 * `util/retry.py`.
 */

export interface Fact {
  /** One sentence. */
  says: string
  source: string
  /** After the program's name. */
  args: string[]
  method?: string
  /** What the server does to the first `times` attempts; to all of them without. */
  fault: { effect: string | object; times?: number }
  /** How often the server was asked in the end. */
  attempts: number
  /** The release of the program since when that is so; once, before. */
  since?: readonly [major: number, minor: number]
  /** The least time before the second attempt, the third and so on, in ms; exact values have the machine's lateness on top. */
  gapsMs?: number[]
  /** Of the program. */
  code: number
  /** All that it printed. */
  prints?: string
  /** What its last words must have. */
  saying?: RegExp
}

const BUSY = 'busy '
export const FINE = 'fine'

export const answer = (status: number, headers: Record<string, string> = {}) => ({
  type: 'respond',
  status,
  headers,
  body: BUSY,
})

const CURL = 'curl(1), --retry'
const WGET = 'wget(1)'

/** Pull request 15833, merged in January 2025: until then the seconds to such a date were fewer than none. */
export const CURL_READS_PAST_DATES = [8, 12] as const

/** Two of them only since pull request 19011, merged in October 2025. */
const curlRetries = [408, 429, 500, 502, 503, 504, 522, 524].map(
  (status): Fact => ({
    says: `--retry takes a ${status} for transient${status > 520 ? ', since 8.17.0' : ''}`,
    source: CURL,
    ...(status > 520 && { since: [8, 17] as const }),
    args: ['-sS', '--retry', '1', '{url}'],
    fault: { effect: answer(status), times: 1 },
    attempts: 2,
    gapsMs: [1000],
    code: 0,
  }),
)

const curlGivesUp = [400, 404, 409, 413, 425, 501, 505, 521].map(
  (status): Fact => ({
    says: `--retry does not take a ${status} for transient`,
    source: CURL,
    args: ['-sS', '--retry', '1', '{url}'],
    fault: { effect: answer(status) },
    attempts: 1,
    code: 0,
  }),
)

export const curl: Fact[] = [
  ...curlRetries,
  ...curlGivesUp,
  {
    says: 'without --retry nothing is tried again',
    source: CURL,
    args: ['-sS', '-f', '{url}'],
    fault: { effect: answer(503) },
    attempts: 1,
    code: 22,
    saying: /503/,
  },
  {
    says: 'the first wait is a second at least, the second two',
    source: CURL,
    args: ['-sS', '--retry', '2', '-f', '{url}'],
    fault: { effect: answer(503) },
    attempts: 3,
    gapsMs: [1000, 2000],
    code: 22,
  },
  {
    says: 'what it gave out of a failed attempt stays in its standard output',
    source: 'curl(1), --retry-all-errors: "this is not true of data redirected to a | pipe or > file"',
    args: ['-sS', '--retry', '1', '{url}'],
    fault: { effect: answer(503), times: 1 },
    attempts: 2,
    code: 0,
    prints: `${BUSY}${FINE}`,
  },
  {
    says: 'with -f nothing of a failed attempt is given out',
    source: 'curl(1), --fail',
    args: ['-sS', '-f', '--retry', '1', '{url}'],
    fault: { effect: answer(503), times: 1 },
    attempts: 2,
    code: 0,
    prints: FINE,
  },
  {
    says: 'Retry-After takes the place of the wait',
    source: 'curl(1), --retry, since 7.66.0',
    args: ['-sS', '-f', '--retry', '1', '{url}'],
    fault: { effect: answer(503, { 'Retry-After': '2' }), times: 1 },
    attempts: 2,
    gapsMs: [2000],
    code: 0,
  },
  {
    says: 'Retry-After counts with a 502 as well',
    source: CURL,
    args: ['-sS', '-f', '--retry', '1', '{url}'],
    fault: { effect: answer(502, { 'Retry-After': '2' }), times: 1 },
    attempts: 2,
    gapsMs: [2000],
    code: 0,
  },
  {
    says: 'a Retry-After beyond --retry-max-time ends it',
    source: 'curl(1), --retry-max-time',
    args: ['-sS', '-f', '--retry', '1', '--retry-max-time', '5', '{url}'],
    fault: { effect: answer(503, { 'Retry-After': '3600' }) },
    attempts: 1,
    code: 22,
  },
  {
    says: 'a POST is tried again like a GET',
    source: 'from memory; no manual says otherwise',
    args: ['-sS', '-f', '--retry', '1', '-X', '{method}', '-d', 'x=1', '{url}'],
    method: 'POST',
    fault: { effect: answer(503), times: 1 },
    attempts: 2,
    code: 0,
  },
  {
    says: 'a time limit that passed is transient',
    source: CURL,
    args: ['-sS', '--retry', '1', '-m', '3', '{url}'],
    fault: { effect: 'stall', times: 1 },
    attempts: 2,
    gapsMs: [1000],
    code: 0,
  },
  {
    says: 'a connection that was reset is not transient',
    source: CURL,
    args: ['-sS', '--retry', '1', '{url}'],
    fault: { effect: 'reset' },
    attempts: 1,
    code: 56,
    saying: /reset/i,
  },
  {
    says: 'with --retry-all-errors a connection that was reset is tried again',
    source: 'curl(1), --retry-all-errors, since 7.71.0',
    args: ['-sS', '--retry', '1', '--retry-all-errors', '{url}'],
    fault: { effect: 'reset', times: 1 },
    attempts: 2,
    gapsMs: [1000],
    code: 0,
  },
  {
    says: 'with --retry-all-errors and -f every status that is an error is tried again',
    source: 'curl(1), --retry-all-errors',
    args: ['-sS', '-f', '--retry', '1', '--retry-all-errors', '{url}'],
    fault: { effect: answer(404), times: 1 },
    attempts: 2,
    code: 0,
  },
  {
    says: 'with --retry-all-errors a POST that was reset is sent a second time',
    source: 'curl(1), --retry-all-errors',
    args: ['-sS', '--retry', '1', '--retry-all-errors', '-X', '{method}', '-d', 'x=1', '{url}'],
    method: 'POST',
    fault: { effect: 'reset', times: 1 },
    attempts: 2,
    code: 0,
  },
]

const wgetTo = ['-nv', '-O', '-']

export const wget: Fact[] = [
  {
    says: 'a reset connection is tried again, after one second and then two',
    source: `${WGET}, --waitretry: linear`,
    args: [...wgetTo, '--tries=3', '{url}'],
    fault: { effect: 'reset' },
    attempts: 3,
    gapsMs: [1000, 2000],
    code: 4,
  },
  {
    says: 'there are 20 tries',
    source: `${WGET}, --tries`,
    args: [...wgetTo, '--waitretry=0', '{url}'],
    fault: { effect: 'reset' },
    attempts: 20,
    code: 4,
  },
  ...[503, 502, 429].map(
    (status): Fact => ({
      says: `a ${status} is not tried again`,
      source: `${WGET}, --retry-on-http-error`,
      args: [...wgetTo, '--tries=3', '{url}'],
      fault: { effect: answer(status) },
      attempts: 1,
      code: 8,
      saying: new RegExp(`ERROR ${status}`),
    }),
  ),
  {
    says: 'a 404 is fatal',
    source: `${WGET}, --tries`,
    args: [...wgetTo, '--tries=3', '{url}'],
    fault: { effect: answer(404) },
    attempts: 1,
    code: 8,
  },
  {
    says: 'with --retry-on-http-error that status is tried again, after one second and then two',
    source: `${WGET}, --retry-on-http-error`,
    args: [...wgetTo, '--tries=3', '--retry-on-http-error=502,503', '{url}'],
    fault: { effect: answer(503), times: 2 },
    attempts: 3,
    gapsMs: [1000, 2000],
    code: 0,
    prints: FINE,
  },
  {
    says: 'Retry-After is not read: an hour is not waited for',
    source: 'no word of it in wget(1)',
    args: [...wgetTo, '--tries=2', '--retry-on-http-error=503', '{url}'],
    fault: { effect: answer(503, { 'Retry-After': '3600' }), times: 1 },
    attempts: 2,
    gapsMs: [1000],
    code: 0,
  },
  {
    says: 'a POST that was reset is sent a second time',
    source: 'no manual says otherwise',
    args: [...wgetTo, '--tries=2', '--method={method}', '--body-data=x=1', '{url}'],
    method: 'POST',
    fault: { effect: 'reset', times: 1 },
    attempts: 2,
    gapsMs: [1000],
    code: 0,
  },
]

const RETRY = 'urllib3, util/retry.py'
const mounted = (options: object): string[] => ['mounted', JSON.stringify(options), '{url}']

export const requests: Fact[] = [
  {
    says: 'requests by itself tries nothing again: not a status',
    source: 'requests, adapters.py: Retry(0, read=False)',
    args: ['requests', '{}', '{url}'],
    fault: { effect: answer(503, { 'Retry-After': '1' }) },
    attempts: 1,
    code: 0,
    prints: BUSY,
  },
  {
    says: 'requests by itself tries nothing again: not a reset',
    source: 'requests, adapters.py: Retry(0, read=False)',
    args: ['requests', '{}', '{url}'],
    fault: { effect: 'reset' },
    attempts: 1,
    code: 1,
    saying: /ConnectionError/,
  },
  {
    says: 'urllib3 by itself tries a reset three times more',
    source: `${RETRY}: Retry.DEFAULT = Retry(3)`,
    args: ['urllib3', '{}', '{url}'],
    fault: { effect: 'reset' },
    attempts: 4,
    code: 1,
    saying: /MaxRetryError/,
  },
  {
    says: 'urllib3 by itself leaves a 503 alone',
    source: `${RETRY}: status_forcelist is empty`,
    args: ['urllib3', '{}', '{url}'],
    fault: { effect: answer(503) },
    attempts: 1,
    code: 0,
  },
  ...[413, 429, 503].map(
    (status): Fact => ({
      says: `a ${status} with Retry-After is tried again although no status is listed`,
      source: `${RETRY}: RETRY_AFTER_STATUS_CODES`,
      args: ['urllib3', '{}', '{url}'],
      fault: { effect: answer(status, { 'Retry-After': '1' }), times: 1 },
      attempts: 2,
      gapsMs: [1000],
      code: 0,
      prints: FINE,
    }),
  ),
  {
    says: 'a 502 with Retry-After is not, where no status is listed',
    source: `${RETRY}: RETRY_AFTER_STATUS_CODES`,
    args: ['urllib3', '{}', '{url}'],
    fault: { effect: answer(502, { 'Retry-After': '1' }) },
    attempts: 1,
    code: 0,
  },
  {
    says: 'Retry() tries ten times more',
    source: `${RETRY}: total=10`,
    args: mounted({ status_forcelist: [503] }),
    fault: { effect: answer(503) },
    attempts: 11,
    code: 1,
    saying: /RetryError/,
  },
  {
    says: 'the first retry does not wait, however large the factor',
    source: `${RETRY}: get_backoff_time`,
    args: mounted({ total: 1, backoff_factor: 3600, status_forcelist: [503] }),
    fault: { effect: answer(503), times: 1 },
    attempts: 2,
    code: 0,
  },
  {
    says: 'the second retry waits twice the factor, the third four times',
    source: `${RETRY}: get_backoff_time`,
    args: mounted({ total: 3, backoff_factor: 0.5, status_forcelist: [503] }),
    fault: { effect: answer(503) },
    attempts: 4,
    gapsMs: [0, 1000, 2000],
    code: 1,
  },
  {
    says: 'a listed 502 waits as its Retry-After says',
    source: `${RETRY}: sleep_for_retry asks for no status`,
    args: mounted({ total: 1, status_forcelist: [502] }),
    fault: { effect: answer(502, { 'Retry-After': '1' }), times: 1 },
    attempts: 2,
    gapsMs: [1000],
    code: 0,
  },
  {
    says: 'a Retry-After that is neither number nor date is an exception, and the end',
    source: `${RETRY}: parse_retry_after`,
    args: mounted({ total: 1, status_forcelist: [503] }),
    fault: { effect: answer(503, { 'Retry-After': 'soon' }) },
    attempts: 1,
    code: 1,
    saying: /InvalidHeader/,
  },
  {
    says: 'a POST that was answered with a listed status is not tried again',
    source: `${RETRY}: DEFAULT_ALLOWED_METHODS`,
    args: mounted({ total: 3, status_forcelist: [503] }),
    method: 'POST',
    fault: { effect: answer(503) },
    attempts: 1,
    code: 0,
  },
  {
    says: 'a POST that was reset is not tried again',
    source: `${RETRY}: DEFAULT_ALLOWED_METHODS`,
    args: mounted({ total: 3 }),
    method: 'POST',
    fault: { effect: 'reset' },
    attempts: 1,
    code: 1,
  },
]

/** What a program makes of a connection that is refused. */
export interface Refusal {
  /** With these it gives up at once. */
  gives: { args: string[]; code: number }
  /** With these it tries again; LOG is a file for what it says meanwhile. */
  retries: string[][]
  /** There, when it was refused and goes on. */
  says: RegExp
}

export const LOG = 'LOG'

export const refusals: Record<string, Refusal> = {
  /** curl(1), --retry-connrefused since 7.52.0, --retry-all-errors since 7.71.0. */
  curl: {
    gives: { args: ['-sS', '--retry', '3', '{url}'], code: 7 },
    retries: [
      ['-S', '--stderr', LOG, '--retry', '3', '--retry-connrefused', '{url}'],
      ['-S', '--stderr', LOG, '--retry', '3', '--retry-all-errors', '{url}'],
    ],
    says: /Will retry/,
  },
  /** wget(1), --tries and --retry-connrefused. */
  wget: {
    gives: { args: [...wgetTo, '--tries=3', '{url}'], code: 4 },
    retries: [['-O', '-', '-o', LOG, '--tries=3', '--retry-connrefused', '{url}']],
    says: /Retrying/,
  },
  /** urllib3, util/retry.py. */
  requests: {
    gives: { args: ['requests', '{}', '{url}'], code: 1 },
    retries: [mounted({ total: 4, backoff_factor: 0.5, log: LOG })],
    says: /Retrying/,
  },
}
