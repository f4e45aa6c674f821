/** What this process has open: asked by main.ts. Linux keeps the books. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** TCP connections, in use, idle or half closed; what listens is none. */
export function openSockets(): number {
  const established = new Set([...inodesIn('/proc/self/net/tcp'), ...inodesIn('/proc/self/net/tcp6')])
  return descriptors().filter((link) => established.has(/^socket:\[(\d+)\]$/.exec(link)?.[1] ?? '')).length
}

/** Bytes of live objects: what nobody needs is collected first. */
export function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}

const LISTENS = '0A'

function inodesIn(table: string): string[] {
  const rows = readText(table).trim().split('\n').slice(1)
  const columns = rows.map((row) => row.trim().split(/\s+/))
  return columns.flatMap((row) => (row[3] === LISTENS || row[9] === undefined ? [] : [row[9]]))
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

function descriptors(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)]
    } catch {
      // The one that lists them is closed by now.
      return []
    }
  })
}
