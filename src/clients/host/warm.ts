/**
 * One exchange ahead of all others: code that is loaded and compiled with the first request would take seconds of a clock that runs
 * fast, and a client's own time limits would end it. main.ts calls it; the client that is audited never sees it.
 */
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Send } from '../driver.js'
import { answerTo } from './answer.js'

/** In real time, as the machine has it: whoever is cut off tries again, and asks its clock for it while it is audited. */
const LIMIT_MS = 10_000
/** On the client's clock; and so many turns of the loop, where a busy machine lets that time pass within one of them. */
const AFTERMATH_MS = 100
const AFTERMATH_TURNS = 10

/**
 * @param send a client of its own, where there can be one; what goes wrong here is nobody's verdict
 * @param now on the client's clock
 * @param scale how many times as fast that is
 */
export async function warmUp(send: Send | undefined, now: () => number, scale: number): Promise<void> {
  const server = createServer((_request, response) => response.end('warm'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const call = { url, method: 'GET', headers: {} }
  const controller = new AbortController()
  const { signal } = controller
  const askers: Send[] = [fetch, ...(send ? [send] : [])]
  const all = Promise.all([...askers.map((asker) => answerTo(asker, call, signal, now)), plainGet(url)])
  let handle: NodeJS.Timeout | undefined
  const limit = new Promise<void>((resolve) => {
    handle = setTimeout(resolve, LIMIT_MS * scale)
  })
  await Promise.race([all, limit])
  clearTimeout(handle)
  controller.abort()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  // The client's ends of those connections are closed a moment later, and what waits for them is taken back; undici asks
  // for the time to keep one a turn behind the answer.
  await new Promise((resolve) => setTimeout(resolve, AFTERMATH_MS))
  for (let n = 0; n < AFTERMATH_TURNS; n++) await new Promise((resolve) => setImmediate(resolve))
}

const plainGet = (url: string): Promise<void> =>
  new Promise((resolve) => {
    get(url, (response) => response.resume().once('close', resolve)).once('error', () => resolve())
  })
