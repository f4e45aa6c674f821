/**
 * The kernel's own table, /proc/net/tcp. Of its first part, the listeners: how many connections wait there to be accepted;
 * address_state.ts asks. Of the other, the connections: how many are not made yet; and how many are about to end: a real
 * proxy in the place of ours is asked for its log when there are none. wire.ts looks at what is on its way in one.
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

const SYN_SENT = '02'
const SYN_RECV = '03'

/** Connections to a local port of which the kernel has a SYN, or an answer to one, on its way; 0 where nobody can tell. */
export const openingAt = (port: number): number =>
  connections().filter(
    ({ local, remote, state }) => (state === SYN_SENT && remote === port) || (state === SYN_RECV && local === port),
  ).length

/** One side has closed, and the other one has not: FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT, CLOSING. */
const ENDING = new Set(['04', '05', '08', '0B'])

/** Connections to a local port of which one side has closed, while the program at the port still has them. */
export const endingAt = (port: number): number =>
  // What a program has let go of has no inode.
  connections().filter(({ local, state, inode }) => local === port && ENDING.has(state) && inode !== '0').length

function connections(): { local: number; remote: number; state: string; inode: string }[] {
  let table: string
  try {
    table = readFileSync(TABLE, 'latin1')
  } catch {
    return []
  }
  const rows = table.matchAll(/^ *\d+: [0-9A-F]+:([0-9A-F]+) [0-9A-F]+:([0-9A-F]+) ([0-9A-F]+)(?: +\S+){5} +(\d+)/gm)
  return Array.from(rows, ([, local, remote, state, inode]) => ({
    local: hex(local),
    remote: hex(remote),
    state: state!,
    inode: inode!,
  }))
}

/** State and queue in hexadecimal, as in the kernel's include/net/tcp_states.h. */
const rowsOf = (table: string) =>
  [...table.matchAll(/^ *\d+: [0-9A-F]+:([0-9A-F]+) \S+ ([0-9A-F]+) [0-9A-F]+:([0-9A-F]+)/gm)].map(
    ([, port, state, waiting]) => ({ port: hex(port), state, waiting: hex(waiting) }),
  )

const hex = (text: string | undefined): number => Number.parseInt(text ?? '', 16)
