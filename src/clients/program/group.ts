/**
 * A program in a process group of its own, which is killed as a whole when the program is done, when somebody says so,
 * or when we are gone: the habit of live/proxies/keeper.ts. command.ts calls it; what an exit means is not known here.
 */
import { spawn } from 'node:child_process'

/** Of a program that is done. */
export interface Ended {
  /** 128 and the number of the signal, where one ended it; null where not even a shell could be started. */
  code: number | null
  /** As much of standard output as is kept. */
  stdout: string
  /** How many bytes of it came beyond that, and were thrown away. */
  lostBytes: number
  /** The last line of standard error that says something; empty where none does. */
  lastWords: string
}

export interface Group {
  /** Never rejects. Everything that the program started is gone by then. */
  readonly ended: Promise<Ended>
  /** What `kill` does, to all of it: who wants to may ignore it. */
  ask(): void
  kill(): void
}

/** Of standard output. */
export const KEPT_BYTES = 1_048_576

/** Of the end of standard error. */
const TAIL_BYTES = 16_384

/**
 * Between the program and us stands a shell whose standard input we hold: when that closes, also because we were killed,
 * it kills the group. The shell and its watchman outlive a SIGTERM to the group, for the exit code is still to come.
 */
const SHELL = `
exec 3<&0 4>&2 2>/dev/null
asked=
trap 'asked=1' TERM
"$@" </dev/null 2>&4 3<&- 4>&- & program=$!
{ trap '' TERM; read -r _ <&3; kill -KILL 0; } >/dev/null 4>&- &
exec 3<&- 4>&- </dev/null >/dev/null
wait "$program"; code=$?
while [ "$asked" ]; do asked=; wait "$program"; code=$?; done
exit "$code"
`

/** Who left the group may hold our pipes for good: nobody listens any longer than this after the program's end. */
const LINGER_MS = 500

// Those of a test suite that fakes its own later do not ring.
const { setTimeout, clearTimeout } = globalThis

export function startGroup(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Group {
  const child = spawn('/bin/sh', ['-c', SHELL, 'sh', program, ...args], {
    detached: true,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let gone = false
  const signal = (name: NodeJS.Signals): void => {
    try {
      // The group has the number of the shell; when it is gone, the number may become somebody else's.
      if (child.pid !== undefined && !gone) process.kill(-child.pid, name)
    } catch {
      // Nobody is left.
    }
  }
  child.stdin.on('error', () => {})
  const kept = { stdout: [] as Buffer[], bytes: 0, lostBytes: 0, tail: Buffer.alloc(0) }
  child.stdout.on('data', (chunk: Buffer) => {
    const room = KEPT_BYTES - kept.bytes
    if (room > 0) kept.stdout.push(chunk.subarray(0, room))
    kept.bytes += Math.min(room, chunk.length)
    kept.lostBytes += Math.max(0, chunk.length - room)
  })
  child.stderr.on('data', (chunk: Buffer) => {
    kept.tail = Buffer.concat([kept.tail, chunk]).subarray(-TAIL_BYTES)
  })
  const ended = new Promise<Ended>((resolve) => {
    const tell = (code: number | null): void =>
      resolve({
        code,
        stdout: Buffer.concat(kept.stdout).toString(),
        lostBytes: kept.lostBytes,
        lastWords: lastLineOf(kept.tail.toString()),
      })
    child.once('error', () => tell(null))
    child.once('exit', (code) => {
      signal('SIGKILL')
      gone = true
      const linger = setTimeout(() => {
        child.stdout.destroy()
        child.stderr.destroy()
      }, LINGER_MS)
      child.once('close', () => {
        clearTimeout(linger)
        tell(code)
      })
    })
  })
  return { ended, ask: () => signal('SIGTERM'), kill: () => signal('SIGKILL') }
}

const lastLineOf = (text: string): string =>
  text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .findLast((line) => line !== '') ?? ''
