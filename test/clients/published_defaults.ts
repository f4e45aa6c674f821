/**
 * What each library is known to do when nothing is set but what its driver sets: read in its source, at the version named.
 * defaults.test.ts measures it. Where the installed version, or what the driver turns on, has it otherwise, `differs` says what and
 * why; nothing is adapted silently.
 */

export interface Defaults {
  attempts: number | 'endless'
  /** Before each retry, the shortest and the longest wait that may be asked for, in milliseconds. */
  waits: readonly Wait[]
  /** Statuses that are tried again, of those in `statuses` below. */
  statuses: readonly number[]
  /** Those that are tried again only when they come with Retry-After. */
  withRetryAfter: readonly number[]
  /** Methods whose 502 is tried again, of those in `methods` below. */
  methods: readonly string[]
  /** Methods that are tried again when the connection is reset before an answer. */
  reset: readonly string[]
}

export type Wait = readonly [shortest: number, longest: number]

export interface Published extends Defaults {
  /** The version whose source was read. */
  version: string
  /** What is measured instead, and why that is no mistake. */
  differs?: { [Fact in keyof Defaults]?: { measured: Defaults[Fact]; because: string } }
  /** Methods that it can't send and never stops trying to: not asked for. */
  unasked?: readonly string[]
  /** Other delays that it, or what carries it, asks for meanwhile: no waits before a retry. */
  also: readonly number[]
}

/** Seventeen minutes pass in two seconds. Who waits less is given more time: time limits run on its clock as well. */
export function timeScaleFor({ waits }: Pick<Defaults, 'waits'>): number {
  const longest = waits.reduce((sum, [, most]) => sum + most, 0)
  return longest > 100_000 ? 500 : longest > 10_000 ? 100 : longest > 1000 ? 10 : 1
}

/** What is asked: those that a gateway or a limiter may answer, and their neighbours. */
export const statuses = [
  ...[
    400, 401, 403, 404, 405, 406, 408, 409, 410, 412, 413, 415, 418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451,
  ],
  ...[500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511, 520, 521, 522, 523, 524],
]
export const methods = ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'POST', 'PATCH']

const idempotent = ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']
const withTrace = [...idempotent, 'TRACE']
/** All that fetch can send: it refuses TRACE. */
const ofFetch = [...idempotent, 'POST', 'PATCH']
/**
 * Node's fetch itself asks again once, on a new connection, when it is told that it has come to the wrong server: the Fetch
 * standard says so (HTTP-network-or-cache fetch, 421).
 */
const with421 = (measured: readonly number[]) => ({
  measured: statuses.filter((status) => status === 421 || measured.includes(status)),
  because: 'fetch itself asks again after 421, as its standard says',
})
const of5xx = statuses.filter((status) => status >= 500)

const exactly = (...waits: number[]): Wait[] => waits.map((ms) => [ms, ms])
const times = (count: number, ms: (n: number) => number): number[] => Array.from({ length: count }, (_, n) => ms(n))

/** undici keeps its own time in ticks of 499 ms, and closes an idle connection after 4 s. Node's fetch is undici. */
const undici = [499, 4000]

/** Around fetch, whatever is thrown is tried again, and a bad status is thrown: so every status and every method. */
const wrapper = { statuses, withRetryAfter: [], methods: ofFetch, reset: ofFetch, also: undici } as const

export const published: Readonly<Record<string, Published>> = {
  'async-retry': {
    version: '1.3.3',
    ...wrapper,
    attempts: 11,
    // randomize is on: each is multiplied by 1 to 2.
    waits: times(10, (n) => 1000 * 2 ** n).map((ms) => [ms, 2 * ms]),
  },
  'axios-retry': {
    version: '4.5.0',
    attempts: 4,
    waits: exactly(0, 0, 0),
    statuses: [429, ...of5xx],
    withRetryAfter: [],
    methods: idempotent,
    // A network error is tried again whatever the method: issue 66, open since 2018.
    reset: methods,
    // axios itself.
    also: [0],
  },
  cockatiel: { version: '4.0.0', ...wrapper, attempts: 'endless', waits: [], unasked: ['TRACE'] },
  'cockatiel-backoff': {
    version: '4.0.0',
    ...wrapper,
    attempts: 4,
    // Decorrelated jitter, version 2 of Polly's: 128 ms / 1.4 times what 2^t tanh(sqrt(4t)) grew by, t drawn from [n, n+1).
    waits: [
      [0, 177],
      [0, 364],
      [0, 730],
    ],
  },
  'exponential-backoff': {
    version: '3.1.2',
    ...wrapper,
    attempts: 10,
    waits: exactly(...times(9, (n) => 100 * 2 ** n)),
  },
  fetch: {
    version: 'Node 20',
    attempts: 1,
    waits: [],
    statuses: [],
    withRetryAfter: [],
    methods: [],
    reset: [],
    differs: { statuses: with421([]) },
    also: undici,
  },
  'fetch-retry': {
    version: '6.0.0',
    attempts: 4,
    waits: exactly(1000, 1000, 1000),
    statuses: [],
    withRetryAfter: [],
    methods: ofFetch,
    reset: ofFetch,
    differs: {
      statuses: {
        ...with421([502, 503, 504]),
        because: 'no status is retried by default, the driver says retryOn; and fetch itself asks again after 421',
      },
    },
    also: undici,
  },
  got: {
    version: '15.0.5',
    attempts: 3,
    waits: [
      [1000, 1100],
      [2000, 2100],
    ],
    statuses: [408, 429, 500, 502, 503, 504, 521, 522, 524],
    withRetryAfter: [413],
    methods: withTrace,
    reset: withTrace,
    also: [],
  },
  ky: {
    version: '2.0.2',
    attempts: 3,
    waits: exactly(300, 600),
    statuses: [408, 413, 429, 500, 502, 503, 504],
    withRetryAfter: [],
    methods: withTrace,
    reset: withTrace,
    differs: {
      statuses: {
        ...with421([408, 429, 500, 502, 503, 504]),
        because: 'it gives up on a 413 that does not say when to come back; and fetch itself asks again after 421',
      },
      withRetryAfter: { measured: [413], because: 'see statuses' },
      methods: { measured: idempotent, because: 'TRACE is in its list, and fetch refuses to send it' },
      reset: { measured: idempotent, because: 'TRACE is in its list, and fetch refuses to send it' },
    },
    // Each attempt may last 10 s.
    also: [...undici, 10_000],
  },
  mollitia: { version: '0.1.1', ...wrapper, attempts: 3, waits: exactly(0, 0) },
  ofetch: {
    version: '2.0.0-alpha.3',
    attempts: 2,
    waits: exactly(0),
    statuses: [408, 409, 425, 429, 500, 502, 503, 504],
    withRetryAfter: [],
    methods: ['GET', 'HEAD', 'OPTIONS'],
    reset: ['GET', 'HEAD', 'OPTIONS'],
    differs: { statuses: with421([408, 409, 425, 429, 500, 502, 503, 504]) },
    also: undici,
  },
  opossum: {
    version: '10.0.0',
    attempts: 1,
    waits: [],
    statuses: [],
    withRetryAfter: [],
    methods: [],
    reset: [],
    differs: { statuses: with421([]) },
    // A call may last 10 s; it stays open for 30 s.
    also: [...undici, 10_000, 30_000],
  },
  'p-retry': { version: '7.0.0', ...wrapper, attempts: 11, waits: exactly(...times(10, (n) => 1000 * 2 ** n)) },
  'p-retry-over-got': {
    version: '7.0.0 over 15.0.5',
    attempts: 33,
    waits: times(11, (n) => 1000 * 2 ** n).flatMap((ms, n): Wait[] => [
      [1000, 1100],
      [2000, 2100],
      ...(n < 10 ? exactly(ms) : []),
    ]),
    // What got gives up on, p-retry tries again.
    statuses,
    withRetryAfter: [],
    methods,
    reset: methods,
    also: [],
  },
  'smithy-util-retry': {
    version: '4.x of August 2026',
    ...wrapper,
    attempts: 3,
    // Full jitter.
    waits: [
      [0, 99],
      [0, 199],
    ],
    statuses: [429, 500, 502, 503, 504],
    differs: {
      statuses: with421([429, 500, 502, 503, 504]),
      waits: {
        measured: [
          [0, 49],
          [0, 99],
        ],
        because: '4.6 has the defaults that were announced for November 2026: 50 ms at first instead of 100',
      },
    },
  },
  superagent: {
    version: '10.3.0',
    attempts: 2,
    waits: exactly(0),
    statuses: [408, 413, 429, 500, 502, 503, 504, 521, 522, 524],
    withRetryAfter: [],
    methods,
    reset: methods,
    also: [],
  },
  'undici-retry-agent': undiciRetry(),
  'undici-retry-interceptor': undiciRetry(),
  wretch: {
    version: '3.0.9',
    ...wrapper,
    attempts: 11,
    waits: exactly(...times(10, (n) => 500 * (n + 1))),
    statuses: of5xx,
    // Only with retryOnNetworkError.
    reset: [],
    differs: {
      statuses: { measured: statuses, because: 'wretch 3 needs Node 22; 2 retries 4xx as well (issue 176)' },
    },
  },
}

function undiciRetry(): Published {
  return {
    version: '8.10.0',
    attempts: 6,
    waits: exactly(500, 1000, 2000, 4000, 8000),
    statuses: [429, 500, 502, 503, 504],
    withRetryAfter: [],
    methods: withTrace,
    reset: withTrace,
    also: undici,
  }
}
