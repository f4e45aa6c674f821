/** Takes what came for the whole. */

import type { Dispatcher } from 'undici'
import { createClient } from '../controls/client.js'
import { right } from '../controls/right.js'

async function read({ body }: Dispatcher.ResponseData): Promise<string> {
  const pieces: Buffer[] = []
  try {
    for await (const piece of body) pieces.push(piece)
  } catch {
    // So much the better: there is something.
  }
  return Buffer.concat(pieces).toString()
}

export const send = createClient({ ...right, read })
