/**
 * The kernel's own table, /proc/net/tcp. Of its first part, the listeners: how many connections wait there to be accepted;
 * address_state.ts asks. Of the other, the connections: how many are about to end; a real proxy in the place of ours is
 * asked for its log when there are none. wire.ts looks at what is on its way in one.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

const TABLE = '/proc/net/tcp'
const LISTEN = '0A'

/**
 * Connections to a local port that are made and not accepted yet; undefined where nobody can tell. Listeners stand first in
 * the table, and to make all of it costs the kernel a hundred times more: it reads no further than needed.
 */
export function acceptQueue(port: number): number | undefined {
  const chunk = Buffer.alloc(4096)
  let file: number
  try {
    file = openSync(TABLE, 'r')
  } catch {
    return undefined
  }
  try {
    for (let text = '', read = -1; read !== 0; text = text.slice(text.lastIndexOf('\n') + 1)) {
      read = readSync(file, chunk)
      text += chunk.toString('latin1', 0, read)
      const rows = rowsOf(text.slice(0, text.lastIndexOf('\n') + 1))
      const found = rows.find((row) => row.port === port && row.state === LISTEN)
      if (found) return found.waiting
      if (rows.some(({ state }) => state !== LISTEN)) return 0
    }
    return 0
  } finally {
    closeSync(file)
  }
}

/** One side has closed, and the other one has not: FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT, CLOSING. */
const ENDING = new Set(['04', '05', '08', '0B'])

/** Connections to a local port of which one side has closed, while the program at the port still has them. */
export function endingAt(port: number): number {
  let table: string
  try {
    table = readFileSync(TABLE, 'latin1')
  } catch {
    return 0
  }
  const rows = [...table.matchAll(/^ *\d+: [0-9A-F]+:([0-9A-F]+) \S+ ([0-9A-F]+)(?: +\S+){5} +(\d+)/gm)]
  // What a program has let go of has no inode.
  return rows.filter(([, at, state, inode]) => hex(at) === port && ENDING.has(state!) && inode !== '0').length
}

/** State and queue in hexadecimal, as in the kernel's include/net/tcp_states.h. */
const rowsOf = (table: string) =>
  [...table.matchAll(/^ *\d+: [0-9A-F]+:([0-9A-F]+) \S+ ([0-9A-F]+) [0-9A-F]+:([0-9A-F]+)/gm)].map(
    ([, port, state, waiting]) => ({ port: hex(port), state, waiting: hex(waiting) }),
  )

const hex = (text: string | undefined): number => Number.parseInt(text ?? '', 16)
