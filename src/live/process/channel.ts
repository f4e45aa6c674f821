/**
 * The run's end of a hop's process: starts it, reads its lines, knows when it is gone. What the lines mean is for
 * hop_process.ts.
 */
import { fork } from 'node:child_process'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { compiled } from '../compiled.js'
import { type FromProcess, PIPE, type ToProcess } from './protocol.js'

export interface Exit {
  pid: number | undefined
  /** The signal that killed it; undefined when it ended by itself, or could not start. */
  signal: NodeJS.Signals | undefined
  /** Why it could not start. */
  error: Error | undefined
}

export interface Channel {
  /** Said to nobody when it is gone. */
  tell(message: ToProcess): void
  kill(): void
  /** Resolves when the process is no more, and everything that it said was heard. */
  readonly gone: Promise<Exit>
}

export function openChannel(hear: (message: FromProcess) => void): Channel {
  const child = fork(fileURLToPath(compiled('process/child.js')), {
    // A group of its own: Ctrl-C is for the run, which ends it in order.
    detached: true,
    // Nothing of a test runner: its loaders and counters are not for our process.
    execArgv: [],
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(NODE_|_?TAP)/.test(name))),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc', 'pipe'],
  })
  let error: Error | undefined
  child.on('error', (reason) => {
    error ??= reason
  })
  let rest = ''
  const pipe = child.stdio[PIPE] as Readable | null
  pipe?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    for (const line of lines) hear(JSON.parse(line))
  })
  pipe?.on('error', () => {})
  return {
    tell: (message) => void (child.connected && child.send(message, () => {})),
    kill: () => void child.kill('SIGKILL'),
    gone: new Promise((resolve) => {
      const ended = (signal: NodeJS.Signals | null): void =>
        resolve({ pid: child.pid, signal: signal ?? undefined, error })
      child.once('close', (_code, signal) => ended(signal))
      // It has no process and never closes.
      if (child.pid === undefined) child.once('error', () => ended(null))
    }),
  }
}
