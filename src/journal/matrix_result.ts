/** What came of causes at several proxies: what `badgateway matrix --json` writes. Names are stable; matrix.ts fills it. */
export interface Matrix {
  /** Of badgateway. */
  version: string
  /** By proxy, in the order of the columns: `{ mini: '0.1.0', nginx: '1.22.1' }`. */
  versions: Record<string, string>
  /** ISO 8601. */
  date: string
  seed: number
  duration_ms: number
  interrupted: boolean
  rows: MatrixRow[]
}

export interface MatrixRow {
  id: string
  title: string
  tags: string[]
  /** The hop at which the proxies stand; null where there is none. */
  hop: string | null
  /** The client whose answers the cells tell, the same one for every proxy. */
  client: string
  /** By proxy; of a run that was interrupted, those that ended. */
  cells: Record<string, Cell>
}

/** What that client saw: its first failure that is not a rare one, or an answer where nothing failed. */
export interface Cell extends Seen {
  /** The same of every client whose requests pass the proxy; that of the cell is the first. */
  outcomes: Outcome[]
  /** Absent where the cause was there and was answered. `inconclusive`: it was not shown, and the cell says nothing. */
  verdict?: 'inconclusive' | 'error'
  /** Why the verdict is that. */
  reason?: string
  /** Why the proxy can't be in that place: it was not run. */
  skipped?: string
  /** What was otherwise than the scenario says. */
  notes?: string[]
  /** It was a long load, ended when this was seen often enough. */
  ended_early?: true
}

/** How one attempt ended, as its client perceived it. */
export interface Seen {
  /** null where none came. */
  status: number | null
  /** The response ended before its framing said so. */
  truncated: boolean
  /** What the client met in the place of an answer: an error type of RFC 9209, or `gave_up`. */
  client_error: string | null
  /** What the proxy wrote into its log about it, as it wrote it. */
  log: string | null
}

export interface Outcome extends Seen {
  client: string
  /** Attempts that ended so. */
  count: number
}
