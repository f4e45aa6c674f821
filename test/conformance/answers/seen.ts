/** What a proxy did, as its client and its log tell it, and so that two proxies can be compared by it. */
import type { JournalEvent } from '../../../src/journal/events.js'
import type { Subject } from './product.js'

export interface Seen {
  /** What clients got. */
  got: string[]
  /** Each line of the log, without what is another one each time. */
  log: string[]
}

export interface Row {
  name: string
  real: Seen
  mini: Seen
}

export const isSame = ({ real, mini }: Pick<Row, 'real' | 'mini'>): boolean =>
  JSON.stringify(real) === JSON.stringify(mini)

/** The lines of that hop's log, or of one request's part of it. */
export const logOf = (journal: readonly JournalEvent[], { said }: Subject, hop: string, request?: string): string[] =>
  journal.flatMap((event) => {
    if (event.event !== 'log' || event.hop !== hop) return []
    if (request !== undefined && event.request !== request) return []
    return said(event) ?? []
  })
