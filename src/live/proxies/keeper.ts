/**
 * A program that is started and kept: it ends with the run, however the run ends. Between it and us stands a shell whose
 * standard input we hold; when that closes, because we say so or because we are gone, it stops the program and removes
 * its folder. What the program is, and what its exit means, is for product.ts.
 */
import { spawn } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { startTimer, stopTimer } from '../clock.js'

export interface Kept {
  /** What it wrote to standard error. */
  readonly stderr: string
  /** Resolves when it is no more, with its exit code: 127 where it could not be started. */
  readonly gone: Promise<number | null>
  /** Asks it to finish, and ends it when it does not; resolves when it is gone and its folder with it. */
  stop(): Promise<void>
}

/**
 * A finished program ends the shell; the signal lets it finish what it has in hand. Who does not within three seconds is
 * killed, and with it everything that it started.
 */
const SHELL = `
folder=$1; output=$2; signal=$3; shift 3
exec 3<&0
"$@" 3<&- </dev/null >>"$output" & program=$!
{ read -r _ <&3; kill "-$signal" "$program"; sleep 3; rm -rf "$folder"; kill -KILL 0; } 2>/dev/null &
exec 3<&-
wait "$program"; code=$?
rm -rf "$folder"
exit "$code"
`

/** As long as the shell waits, and some more. */
const STOP_LIMIT_MS = 4000

/** What a program may say before nobody listens any more. */
const STDERR_LIMIT = 65_536

/** What the program is used to. */
export interface Habits {
  /** Where its standard output goes; nowhere if absent. */
  output?: string | undefined
  /** The signal that ends it; QUIT if absent. */
  signal?: string | undefined
}

/** @param folder its own; it is removed with it */
export function keep(program: string, args: readonly string[], folder: string, habits: Habits = {}): Kept {
  const { output = '/dev/null', signal = 'QUIT' } = habits
  // A group of its own: Ctrl-C is for the run, which ends it in order.
  const child = spawn('/bin/sh', ['-c', SHELL, 'sh', folder, output, signal, program, ...args], {
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (stderr.length < STDERR_LIMIT) stderr += text
  })
  child.stdin.on('error', () => {})
  const gone = new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null))
    child.once('exit', (code) => {
      killGroup(child.pid)
      resolve(code)
    })
  })
  return {
    get stderr() {
      return stderr
    },
    gone,
    async stop() {
      child.stdin.end()
      const limit = startTimer(STOP_LIMIT_MS, () => killGroup(child.pid))
      await gone
      stopTimer(limit)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Whatever is left of what it started: its group has the number of the shell. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody is left.
  }
}
