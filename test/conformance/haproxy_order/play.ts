/** Plays a timeline at a proxy, one step after the other: a request that is held does not keep the next one. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { type Backends, fatesHeader } from '../order/backends.js'
import type { Ask, Timeline } from './timeline.js'

export interface Played {
  id: (string | undefined)[]
  status: (number | undefined)[]
}

export interface Entrance {
  /** Makes the ids of its requests differ from all others. */
  name: string
  /** Where it takes requests. */
  at: { socketPath: string } | { host: string; port: number }
  turn(server: number, up: boolean): Promise<void>
}

export async function play(timeline: Timeline, entrance: Entrance, backends: Backends): Promise<Played> {
  const played: Played = { id: [], status: [] }
  const answers = new Map<number, Promise<void>>()
  for (const [index, step] of timeline.steps.entries()) {
    if (step.do === 'turn') await entrance.turn(step.server, step.up)
    else if (step.do === 'release') {
      if (backends.release(played.id[step.step]!)) await answers.get(step.step)
    } else {
      const id = `${entrance.name}/${timeline.id}/${index}`
      played.id[index] = id
      const answer = ask(step, id, entrance.at, timeline.id).then((response) => {
        played.status[index] = response.statusCode
      })
      answers.set(index, answer)
      await (step.hold ? Promise.race([answer, backends.held(id)]) : answer)
    }
  }
  await Promise.all(answers.values())
  return played
}

async function ask(step: Ask, id: string, at: Entrance['at'], host: string): Promise<IncomingMessage> {
  const headers = { host, 'x-request-id': id, 'x-fates': fatesHeader(step.fates), ...(step.hold && { 'x-hold': '1' }) }
  const sent = request({ ...at, agent: false, headers })
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.resume()
  await once(response, 'end')
  return response
}
