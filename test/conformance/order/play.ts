/**
 * Plays a timeline at a proxy. nginx counts the whole seconds of the time of day, so a step that asks begins and ends
 * within one, which may be later than the one it was meant for. If a busy machine stretched it over two, nobody knows
 * which one counted: the timeline is to be played again.
 */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Backends, fatesHeader } from './backends.js'
import type { Ask, Timeline } from './timeline.js'

/** What became of each step that asked, by its place in the timeline. */
export interface Played {
  /** Milliseconds of the time of day at which it was sent. */
  at: number[]
  id: string[]
  status: number[]
  /** The header X-Upstream of the response. */
  upstream: string[]
  /** A step was in two seconds. */
  misplaced: boolean
}

/** So far from where a second begins and ends nothing may happen: nobody reads the clock at the same moment. */
const MARGIN_MS = 20
/** So far into a second a step may still begin. */
const LATEST_MS = 600

export interface Entrance {
  /** Makes the ids of its requests differ from all others. */
  name: string
  port: number
  /** Of each timeline, where the proxy tells them apart by that. */
  host(timeline: Timeline): string
}

/** @param startAt the time of day of the timeline's first step, in milliseconds */
export async function play(
  timeline: Timeline,
  { name, port, host }: Entrance,
  backends: Backends,
  startAt: number,
): Promise<Played> {
  const played: Played = { at: [], id: [], status: [], upstream: [], misplaced: false }
  const answers = new Map<number, Promise<void>>()
  for (const [index, step] of timeline.steps.entries()) {
    const at = startAt + step.second * 1000
    if (Date.now() < at) await sleep(at - Date.now())
    if (step.do === 'ask') await earlyInSecond()
    const before = Date.now()
    played.at[index] = before
    if (step.do === 'ask') {
      const id = `${name}/${timeline.id}/${index}`
      played.id[index] = id
      const answer = ask(step, id, port, host(timeline)).then((response) => {
        played.status[index] = response.statusCode!
        played.upstream[index] = String(response.headers['x-upstream'] ?? '')
      })
      answers.set(index, answer)
      await (step.hold ? Promise.race([answer, backends.held(id)]) : answer)
      if (Date.now() - before > 1000 - MARGIN_MS - (before % 1000)) played.misplaced = true
    } else if (backends.release(played.id[step.step]!)) await answers.get(step.step)
  }
  await Promise.all(answers.values())
  return played
}

async function earlyInSecond(): Promise<void> {
  for (let into = Date.now() % 1000; into < MARGIN_MS || into > LATEST_MS; into = Date.now() % 1000) {
    await sleep(into < MARGIN_MS ? MARGIN_MS - into : 1000 + MARGIN_MS - into)
  }
}

async function ask(step: Ask, id: string, port: number, host: string): Promise<IncomingMessage> {
  const key = /k=(\d+)/.exec(step.path)?.[1]
  const sent = request({
    host: '127.0.0.1',
    port,
    localAddress: step.client,
    agent: false,
    method: step.method,
    path: step.path,
    headers: {
      host,
      'x-request-id': id,
      'x-fates': fatesHeader(step.fates),
      ...(key && { 'x-key': key }),
      ...(step.hold && { 'x-hold': '1' }),
      ...(step.method === 'POST' && { 'content-length': '0' }),
    },
  })
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.resume()
  await once(response, 'end')
  return response
}
