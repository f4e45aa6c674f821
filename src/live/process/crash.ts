/**
 * The end of a process: SIGKILL, so that the kernel ends its connections as it does for any process that dies: with
 * FIN, or with RST where bytes lay unread. own_site.ts makes it; it runs only in the process of a hop.
 */
import { readFileSync } from 'node:fs'
import type { Server, Socket } from 'node:net'
import { monotonicMs } from '../clock.js'
import { type Queued, queuedIn } from '../kernel_table.js'
import { closeKeepingFile } from '../unix.js'

export interface Crash {
  /** A listener that dies with the process. */
  takesDown(server: Server): void
  /** Kills this process once the running callback is done and what it wrote is with the kernel; it reads nothing more. */
  now(moment: Moment): void
}

export interface Moment {
  /** The connection at whose moment it happens. */
  raw: Socket
  /** What carries the bytes: the same, or the TLS on it. */
  stream: Socket
  /** In milliseconds; undefined: never. */
  restartAfter: number | undefined
  /** Whether more of a request is on its way. */
  unfinished(): boolean
  /** Called right before the end. */
  fired(): void
}

/** @param lastWord returns when it was handed over */
export function crashOf(lastWord: (restartAfter: number | undefined) => void): Crash {
  const servers: Server[] = []
  return {
    takesDown: (server) => void servers.push(server),
    now: ({ raw, stream, restartAfter, unfinished, fired }) =>
      written(stream, () => {
        if (unfinished()) linger(raw)
        fired()
        // The kernel closes a dead process's connections before its listener: who hears of the end there and dials again
        // at once might still be let in. Here the listener is first.
        for (const server of servers) closeKeepingFile(server)
        lastWord(restartAfter)
        process.kill(process.pid, 'SIGKILL')
        pause(FOREVER_MS)
      }),
  }
}

/** Behind the running callback; or, where the kernel does not take it all at once, when it has what was written. */
function written(stream: Socket, then: () => void): void {
  process.nextTick(() => {
    if (stream.writableLength === 0) then()
    else stream.write('', then)
  })
}

const DRAIN_LIMIT_MS = 1000
const ARRIVAL_LIMIT_MS = 1000
const FOREVER_MS = 60_000

/**
 * A request is not all there. Stands still, the event loop too, until the peer has what was sent, which an RST would take
 * away, and until some of the request lies unread: a crash just before ends with FIN and one just after with RST. Both
 * are real, but only one can be repeated.
 */
function linger(raw: Socket): void {
  if (raw.bytesWritten > 0) waitFor(raw, DRAIN_LIMIT_MS, ({ underway }) => underway === 0)
  waitFor(raw, ARRIVAL_LIMIT_MS, ({ unread }) => unread > 0)
}

function waitFor({ localPort, remotePort }: Socket, limitMs: number, done: (queued: Queued) => boolean): void {
  if (localPort === undefined || remotePort === undefined) return
  const limit = monotonicMs() + limitMs
  for (let table = kernelTable(); table !== undefined; table = kernelTable()) {
    if (done(queuedIn(table, localPort, remotePort)) || monotonicMs() > limit) return
    pause(1)
  }
}

/** Undefined where there is none. */
function kernelTable(): string | undefined {
  try {
    return readFileSync('/proc/net/tcp', 'latin1')
  } catch {
    return undefined
  }
}

const nobody = new Int32Array(new SharedArrayBuffer(4))
const pause = (ms: number): void => void Atomics.wait(nobody, 0, 0, ms)
