/**
 * A program in a process group of its own, which is killed as a whole when the program is done, when somebody says so,
 * or when we are gone: the habit of live/proxies/keeper.ts. command.ts and lines.ts call it; what an exit means is not known here.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { Readable, Writable } from 'node:stream'

/** Of a program that is done. */
export interface Ended {
  /** 128 and the number of the signal, where one ended it; null where not even a shell could be started. */
  code: number | null
  /** As much of standard output as is kept; none of it where somebody hears it. */
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
  /** To its standard input, where somebody hears its output; whoever does not read it is not waited for. */
  tell(text: string): void
}

/** Of standard output. */
export const KEPT_BYTES = 1_048_576

/** Of the end of standard error. */
const TAIL_BYTES = 16_384

/**
 * Between the program and us stands a shell whose standard input we hold: when that closes, also because we were killed,
 * it kills the group. The shell and its watchman outlive a SIGTERM to the group, for the exit code is still to come.
 */
const shell = (input: '</dev/null' | '<&3'): string => `
exec 5${input} 3<&0 4>&2 2>/dev/null
asked=
trap 'asked=1' TERM
"$@" <&5 2>&4 3<&- 4>&- 5<&- & program=$!
{ trap '' TERM; read -r _ <&3; kill -KILL 0; } >/dev/null 4>&- 5<&- &
exec 3<&- 4>&- 5<&- </dev/null >/dev/null
wait "$program"; code=$?
while [ "$asked" ]; do asked=; wait "$program"; code=$?; done
exit "$code"
`

/** Who left the group may hold our pipes for good: nobody listens any longer than this after the program's end. */
const LINGER_MS = 500

// Those of a test suite that fakes its own later do not ring.
const { setTimeout, clearTimeout, setImmediate } = globalThis

/** @param hear is given standard output as it comes; without it the program has an empty standard input */
export function startGroup(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  hear?: (chunk: Buffer) => void,
): Group {
  const child = spawn('/bin/sh', ['-c', shell(hear ? '<&3' : '</dev/null'), 'sh', program, ...args], {
    detached: true,
    env,
    stdio: ['pipe', 'pipe', 'pipe', hear ? 'pipe' : 'ignore'],
  }) as ChildProcessByStdio<Writable, Readable, Readable>
  let gone = false
  const signal = (name: NodeJS.Signals): void => {
    try {
      // The group has the number of the shell; when it is gone, the number may become somebody else's.
      if (child.pid !== undefined && !gone) process.kill(-child.pid, name)
    } catch {
      // Nobody is left.
    }
  }
  const lines = child.stdio[3] as Writable | null | undefined
  for (const stream of [child.stdin, lines]) stream?.on('error', () => {})
  const kept = { stdout: [] as Buffer[], bytes: 0, lostBytes: 0, tail: Buffer.alloc(0) }
  child.stdout.on('data', (chunk: Buffer) => {
    if (hear) return hear(chunk)
    const room = KEPT_BYTES - kept.bytes
    if (room > 0) kept.stdout.push(chunk.subarray(0, room))
    kept.bytes += Math.min(room, chunk.length)
    kept.lostBytes += Math.max(0, chunk.length - room)
  })
  child.stderr.on('data', (chunk: Buffer) => {
    kept.tail = Buffer.concat([kept.tail, chunk]).subarray(-TAIL_BYTES)
  })
  const leave = (): void => {
    for (const stream of [child.stdout, child.stderr, lines]) stream?.destroy()
  }
  const ended = new Promise<Ended>((resolve) => {
    const tell = (code: number | null): void =>
      resolve({
        code,
        stdout: Buffer.concat(kept.stdout).toString(),
        lostBytes: kept.lostBytes,
        lastWords: lastLineOf(kept.tail.toString()),
      })
    child.once('error', () => tell(null))
    child.once('exit', (own, signalled) => {
      // The shell itself, by who killed the whole group.
      const code = signalled === null ? own : 128 + constants.signals[signalled]
      signal('SIGKILL')
      gone = true
      // A loop that stood still hears its timers first, and of what was printed meanwhile only then.
      const linger = setTimeout(() => setImmediate(leave), LINGER_MS)
      child.once('close', () => {
        clearTimeout(linger)
        tell(code)
      })
    })
  })
  return {
    ended,
    ask: () => signal('SIGTERM'),
    kill: () => signal('SIGKILL'),
    tell: (text) => void lines?.write(text),
  }
}

const lastLineOf = (text: string): string =>
  text
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .findLast((line) => line !== '') ?? ''
