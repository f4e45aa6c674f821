/**
 * The kernel's own table, /proc/net/tcp. Of its first part, the listeners: how many connections wait there to be accepted;
 * address_state.ts asks. Of the other, the connections: how many are not made yet; how many are about to end: a real
 * proxy in the place of ours is asked for its log when there are none; and what is on its way in one: wire.ts waits for it.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

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
export async function openingAt(port: number): Promise<number> {
  const end = hexPort(port)
  return (await connectionsOf(port)).filter(
    ({ local, remote, state }) =>
      (state === SYN_SENT && remote.endsWith(end)) || (state === SYN_RECV && local.endsWith(end)),
  ).length
}

/** One side has closed, and the other one has not: FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT, CLOSING. */
const ENDING = new Set(['04', '05', '08', '0B'])

/** Connections to a local port of which one side has closed, while the program at the port still has them. */
export async function endingAt(port: number): Promise<number> {
  const end = hexPort(port)
  // What a program has let go of has no inode.
  return (await connectionsOf(port)).filter(
    ({ local, state, inode }) => local.endsWith(end) && ENDING.has(state) && inode !== '0',
  ).length
}

const connectionsOf = async (port: number): Promise<Row[]> => rowsWith(await connectionTable().catch(() => ''), port)

/** Bytes of one connection in the kernels' queues. */
export interface Queued {
  /** Sent by us, not read by the peer. */
  underway: number
  /** Arrived here, not read by us. */
  unread: number
}

/** @param table the text of /proc/net/tcp */
export function queuedIn(table: string, ours: number, theirs: number): Queued {
  const [a, b] = [hexPort(ours), hexPort(theirs)]
  const queued: Queued = { underway: 0, unread: 0 }
  for (const { local, remote, queues } of rowsWith(table, ours)) {
    const [sent, received] = queues.split(':').map(hex)
    if (local.endsWith(a) && remote.endsWith(b)) {
      queued.underway += sent!
      queued.unread += received!
    }
    if (local.endsWith(b) && remote.endsWith(a)) queued.underway += received!
  }
  return queued
}

/** Fields of a line, as they stand there. */
interface Row {
  local: string
  remote: string
  state: string
  queues: string
  inode: string
}

/** The table may hold thousands of lines: only those with that port are looked at. */
function rowsWith(table: string, port: number): Row[] {
  const rows: Row[] = []
  const named = hexPort(port)
  for (let at = table.indexOf(named); at >= 0; ) {
    const end = table.indexOf('\n', at)
    const line = table.slice(table.lastIndexOf('\n', at) + 1, end)
    const [, local, remote, state, queues, , , , , inode] = line.trim().split(/\s+/)
    if (local && remote && state && queues && inode) rows.push({ local, remote, state, queues, inode })
    at = end < 0 ? end : table.indexOf(named, end)
  }
  return rows
}

let reading: Promise<string> | undefined
let following: Promise<string> | undefined

/**
 * The kernel's table as it is after this call; who asks while it is being read shares the next reading. Of thousands of
 * connections the kernel makes it in a tenth of a second: a thread of its own waits for that.
 */
export function connectionTable(): Promise<string> {
  if (reading) {
    following ??= reading.then(nextTable, nextTable)
    return following
  }
  reading = readFile(TABLE, 'latin1').finally(() => {
    reading = undefined
  })
  return reading
}

function nextTable(): Promise<string> {
  following = undefined
  return connectionTable()
}

const hexPort = (port: number): string => `:${port.toString(16).toUpperCase().padStart(4, '0')}`

/** State and queue in hexadecimal, as in the kernel's include/net/tcp_states.h. */
const rowsOf = (table: string) =>
  [...table.matchAll(/^ *\d+: [0-9A-F]+:([0-9A-F]+) \S+ ([0-9A-F]+) [0-9A-F]+:([0-9A-F]+)/gm)].map(
    ([, port, state, waiting]) => ({ port: hex(port), state, waiting: hex(waiting) }),
  )

const hex = (text: string | undefined): number => Number.parseInt(text ?? '', 16)
