/**
 * Carries out one health check on a connection of its own and tells what came back. health_checks.ts calls it; what
 * that means for the server is decided in the core.
 */
import { classify, type Ending, type Failure } from '../../core/failure.js'
import { type CheckAnswer, checkAgent, type HealthCheckConfig } from '../../core/proxy/health_checks/index.js'
import { openBooks, pageOf } from '../books.js'
import { type Stop, startDeadline } from '../clock.js'
import { Connection } from '../connection.js'
import { dial } from '../dial.js'
import type { ExchangeListener } from '../exchange.js'
import { formatAddress, type Site, type Target } from '../site.js'

/** What one check brought back. */
export interface SeenCheck {
  answer: CheckAnswer
  failure: Failure | undefined
  address: string
  local: string | undefined
}

/**
 * Begins a check. `done` is called once, unless the check was stopped before.
 * @param id X-Request-Id, where it is one of HTTP
 */
export function beginCheck(
  site: Site,
  target: Target,
  config: HealthCheckConfig,
  id: string,
  done: (seen: SeenCheck) => void,
): Stop {
  const limitMs = config.timeout ?? config.interval
  return config.type === 'http'
    ? ask(site, target, config, limitMs, id, done)
    : reach(site, target, limitMs, (seen) => done({ answer: {}, ...seen }))
}

/** TCP, and TLS where the target has it: whoever answers, the connection is closed again without a byte. */
function reach(site: Site, target: Target, limitMs: number, done: (seen: Omit<SeenCheck, 'answer'>) => void): Stop {
  const books = openBooks(target.servername !== undefined)
  let over = false
  const close = () => {
    over = true
    stopLimit()
    books.abandoned = true
    books.stream?.destroy()
    books.raw?.destroy()
  }
  const end = (ending: Ending | undefined) => {
    const failure = ending && classify(pageOf(books, { requestSent: false, headComplete: false }, 0), ending)
    close()
    const address = formatAddress({ ...target, host: books.host ?? target.name ?? target.host })
    done({ failure, address, local: books.local })
  }
  const stopLimit = startDeadline(limitMs, () => {
    books.ending ??= { by: 'timer', timer: 'connect' }
    end(books.ending)
  })
  dial(site, target, limitMs, books, (error) => {
    if (!over) end(error ? (books.ending ?? { by: 'fin' }) : undefined)
  })
  return close
}

type HttpCheck = Extract<HealthCheckConfig, { type: 'http' }>

/** One GET; its response has to come in full. */
function ask(
  site: Site,
  target: Target,
  config: HttpCheck,
  limitMs: number,
  id: string,
  done: (seen: SeenCheck) => void,
): Stop {
  // One limit is for all of it: those of the connection only stand behind.
  const limits = {
    connect: limitMs,
    send: limitMs,
    read: limitMs,
    reply: limitMs,
    client: limitMs,
    response: undefined,
  }
  const connection = new Connection(site, target, limits, () => {})
  const body: Buffer[] = []
  let [status, bytes]: [number | undefined, number] = [undefined, 0]
  const stopLimit = startDeadline(limitMs, () => connection.expire())
  const close = () => {
    stopLimit()
    connection.abandon()
  }
  const end = (failure: Failure | undefined) => {
    const { address, local } = connection.use
    close()
    const text = Buffer.concat(body).toString('latin1')
    done({ answer: { ...(status !== undefined && { status }), body: text }, failure, address, local })
  }
  const listener: ExchangeListener = {
    head(code) {
      status = code
      return true
    },
    data(chunk) {
      if (bytes < BODY_LIMIT) body.push(chunk.subarray(0, BODY_LIMIT - bytes))
      bytes += chunk.length
      return true
    },
    end: () => end(undefined),
    failed: (failure) => end(failure),
  }
  const host = config.host ?? target.hop
  const headers = ['Host', host, 'User-Agent', checkAgent, 'X-Request-Id', id, 'Connection', 'close']
  connection.run({ method: 'GET', path: config.path, headers, body: null }, listener)
  return close
}

/** How much of a page is looked at for the expected text. */
const BODY_LIMIT = 65_536
