/** What a proxy did, as its client and its error log tell it, and so that two proxies can be compared by it. */
import type { JournalEvent } from '../../../src/journal/events.js'

export interface Seen {
  /** What clients got. */
  got: string[]
  /** Level and message of each line of the error log, without addresses and what is said of the request. */
  log: string[]
}

export interface Row {
  name: string
  nginx: Seen
  mini: Seen
}

/** Where nginx itself does now this, now that: such a row is never called the same. */
export const undecided: Readonly<Record<string, string>> = {
  'request-without-length':
    'nginx tells the length of an upload in chunks when all of it has come with the head. Whether it has is a matter of moments, for both of them',
  'reset-on-accept':
    'an RST that is there before nginx looks again is `connect() failed` to it, a later one `recv() failed`. Which one it is, is a matter of moments',
}

export const isSame = ({ name, nginx, mini }: Row): boolean =>
  !(name in undecided) && JSON.stringify(nginx) === JSON.stringify(mini)

/** The lines of that hop's error log, or of one request's part of it. */
export const logOf = (journal: readonly JournalEvent[], hop: string, request?: string): string[] =>
  journal.flatMap((event) => {
    if (event.event !== 'log' || event.hop !== hop || event.level === 'access' || event.level === 'notice') return []
    if (request !== undefined && event.request !== request) return []
    // Whoever waited for nginx to listen asked nothing.
    if (event.line.startsWith('client closed connection while waiting for request')) return []
    return [`${event.level} ${said(event.line)}`]
  })

const said = (line: string): string =>
  line
    .replace(/, client: .*/s, '')
    .replace(/127(\.\d+){3}(:\d+)?/g, 'address')
    .replace(/unix:\S+/, 'unix:path')
    // nginx writes bytes, and its log is read as UTF-8.
    .replace(/[^\0-\x7f]+/g, '?')
