/**
 * The process of one hop: an origin that a fault may kill. It runs the very same origin on a site of its own; the run
 * that started it hears everything through a pipe. It ends when it is told to, when it is killed, or with its parent.
 */
import { writeSync } from 'node:fs'
import { CannotRunError } from '../../lib/errors.js'
import { startOrigin } from '../origin/origin.js'
import { removeFile } from '../unix.js'
import { createOwnSite, type OwnSite } from './own_site.js'
import { type FromProcess, PIPE, type Start, type ToProcess } from './protocol.js'

let site: OwnSite | undefined

/** Handed to the kernel when it returns: what is said cannot be lost. Nobody to say it to means that all is over. */
function say(message: FromProcess): void {
  const line = Buffer.from(`${JSON.stringify(message)}\n`)
  try {
    for (let sent = 0; sent < line.length; ) sent += writeSync(PIPE, line, sent)
  } catch {
    process.exit()
  }
}

async function start(order: Start): Promise<void> {
  site = createOwnSite(order, say)
  try {
    if (order.path !== undefined) removeFile(order.path)
    const address = await startOrigin(site, order.name, order.hop, order.path)
    await site.follow(order.state)
    say({ say: 'listening', address })
  } catch (error) {
    if (!(error instanceof CannotRunError)) throw error
    say({ say: 'cannot_run', what: error.what, remedy: error.remedy })
  }
}

async function hear(message: ToProcess): Promise<void> {
  switch (message.do) {
    case 'start':
      return start(message)
    case 'follow':
      await site!.follow(message.state)
      return say({ say: 'followed', id: message.id })
    case 'finish':
      await site!.endLoad()
      return say({ say: 'followed', id: message.id })
    case 'answer':
      return site!.answered(message.id, message.value)
    case 'close':
      await site?.scope.close()
      // What a socket tells when it is closed comes a turn later.
      return void setImmediate(() => process.exit())
  }
}

function fail(error: unknown): never {
  say({ say: 'broken', message: error instanceof Error ? error.message : String(error) })
  process.exit(1)
}

process.on('message', (message) => void hear(message as ToProcess).catch(fail))
process.on('uncaughtException', fail)
process.on('disconnect', () => process.exit())
