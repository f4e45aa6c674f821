/** A proxy that the user runs, in the place of a proxy hop: start.ts waits here until it is there. */
import { CannotRunError } from '../../lib/errors.js'
import { wait, wallMs } from '../clock.js'
import type { Address, Site } from '../site.js'
import { accepts } from './asking.js'
import type { Foreign } from './stand_in.js'

/** Long enough to read where its servers are, and to start it. */
const READY_WITHIN_MS = 30_000

/** @throws CannotRunError where nobody answers there in time */
export async function awaitForeign(
  site: Site,
  name: string,
  { host, port, upstreamPorts, name: url, readyWithin = READY_WITHIN_MS }: Foreign,
): Promise<Address> {
  let closing = false
  site.scope.add(() => {
    closing = true
  })
  const until = wallMs() + readyWithin
  while (!closing && wallMs() < until) {
    if (await accepts(port, host)) return { hop: name, place: name, host, port }
    await wait(50)
  }
  const upstreams = upstreamPorts.map((each) => `127.0.0.1:${each}`).join(' and ')
  throw new CannotRunError(`Nobody answers at ${url}`, `Start your proxy there, with ${upstreams} behind it`)
}
