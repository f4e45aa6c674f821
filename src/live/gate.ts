/**
 * A listening socket from which nobody accepts for a while, though it goes on listening: connections wait in the
 * kernel's queue, and the SYN of more than fit there is dropped. Node accepts whatever comes to a server that it polls;
 * so a process beside this one keeps the socket alive while this one lets go of it, as a supervisor does that hands
 * sockets to its services. An origin calls it that has no room left.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Server } from 'node:net'
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
  process.send(word, word === 'back' ? kept : undefined)
})
process.on('disconnect', () => process.exit())`

/** Servers that do not listen because their gate is shut. */
const behindShutGate = new WeakSet<object>()
export const isBehindShutGate = (server: object): boolean => behindShutGate.has(server)

/** @param server listens already */
export async function createGate(site: Site, hop: string, server: Server, backlog: number): Promise<Gate> {
  const keeper = spawn(process.execPath, ['-e', KEEPER], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  let closing = false
  let wanted: 'open' | 'shut' = 'open'
  keeper.on('exit', () => {
    if (!closing) site.broken(`hop "${hop}": the process that keeps its socket is gone`)
  })
  site.scope.add(async () => {
    closing = true
    if (keeper.exitCode !== null || keeper.signalCode !== null) return
    keeper.disconnect()
    await once(keeper, 'exit')
  })
  const { _handle: handle } = server as Server & { _handle: SendHandle }
  keeper.send('keep', handle)
  await once(keeper, 'message')
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
      if (behindShutGate.has(server) && !closing) keeper.send('back')
    },
  }
}

type SendHandle = Parameters<ReturnType<typeof spawn>['send']>[1]
type Handle = { close(): void }
