/**
 * A listening socket from which nobody accepts for a while, though it goes on listening: connections wait in the
 * kernel's queue, and the SYN of more than fit there is dropped. Node accepts whatever comes to a server that it polls;
 * so a process beside this one keeps the socket alive while this one lets go of it, as a supervisor does that hands
 * sockets to its services. An origin calls it that has no room left.
 */
import { spawn } from 'node:child_process'
import type { Server } from 'node:net'
import { CannotRunError } from '../lib/errors.js'
import type { Site } from './site.js'

export interface Gate {
  /** From now on nothing is accepted. */
  shut(): void
  /** All that waits is accepted, and all that comes. */
  open(): void
}

/** Keeps the handle that it is sent, and sends it back as often as asked. It polls nothing. */
const KEEPER = `let kept
process.on('message', (word, handle) => {
  if (handle) kept = handle
  process.send(word, word === 'back' ? kept : undefined, () => {})
})
process.on('disconnect', () => process.exit())`

/** Servers that do not listen because their gate is shut. */
const behindShutGate = new WeakSet<object>()
export const isBehindShutGate = (server: object): boolean => behindShutGate.has(server)

/**
 * @param server listens already
 * @throws CannotRunError when the process that is to keep its socket ends before it has it
 */
export async function createGate(site: Site, hop: string, server: Server, backlog: number): Promise<Gate> {
  // A group of its own: Ctrl-C is for the run, which ends it in order.
  const keeper = spawn(process.execPath, ['-e', KEEPER], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const say = (word: 'keep' | 'back', handle?: SendHandle) => keeper.connected && keeper.send(word, handle, () => {})
  let closing = false
  let wanted: 'open' | 'shut' = 'open'
  const gone = new Promise<string>((resolve) => {
    keeper.once('exit', (_code, signal) => resolve(signal ? `was killed by ${signal}` : 'ended unasked'))
    // It has no process and never exits; closing its channel then is one more error.
    keeper.on('error', ({ message }) => resolve(`could not start: ${message}`))
  }).then((how) => `hop "${hop}": the process that keeps its socket ${how}`)
  site.scope.add(async () => {
    closing = true
    if (keeper.connected) keeper.disconnect()
    await gone
  })
  const { _handle: handle } = server as Server & { _handle: SendHandle }
  say('keep', handle)
  const kept = new Promise<undefined>((resolve) => keeper.once('message', () => resolve(undefined)))
  const lost = await Promise.race([kept, gone])
  if (lost !== undefined)
    throw new CannotRunError(lost, 'See whether something on this machine ends processes, or is used up')
  void gone.then((what) => {
    if (!closing) site.broken(what)
  })
  keeper.on('message', (_word, back) => {
    const handle = back as Handle
    if (closing || wanted === 'shut' || !behindShutGate.has(server)) return handle.close()
    behindShutGate.delete(server)
    server.listen(handle, backlog)
  })
  return {
    shut() {
      wanted = 'shut'
      if (behindShutGate.has(server)) return
      behindShutGate.add(server)
      server.close()
    },
    open() {
      wanted = 'open'
      if (behindShutGate.has(server) && !closing) say('back')
    },
  }
}

type SendHandle = Parameters<ReturnType<typeof spawn>['send']>[1]
type Handle = { close(): void }
