/** HAProxy in the comparison of answers. */
import type { Subject } from '../product.js'

export const haproxy: Subject = {
  name: 'haproxy',
  title: 'HAProxy',
  version: '2.6.12',
  seed: 20_230_213,
  hop: {},
  said({ level, line }) {
    if (level !== 'access') return undefined
    const parts = /^\S+ \[.*?\] (\S+ \S+) \S+ (-?\d+ \d+ - - \S+) \S+?(\+?\d+) \S+ (".*")$/s.exec(line)
    return parts ? parts.slice(1).join(' ') : line
  },
  undecided: {},
  reasons: {},
  page: {
    opening: '',
    compared: 'every line of the HTTP log, but for addresses and times',
    causes: 'statuses, truncation, log',
    variations: 'every byte and log',
    closing: '',
  },
}
