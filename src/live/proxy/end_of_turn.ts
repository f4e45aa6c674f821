/**
 * Collects what waits to be written until the event loop's turn ends, so that the peers of one turn's responses are
 * woken up together: a wake-up of another process costs more than a response. The proxy's front calls it.
 */
import { soon } from '../clock.js'

const waiting: { flush(): void }[] = []

/** `flush` is called once, when everything that has arrived by now was read. */
export function atEndOfTurn(one: { flush(): void }): void {
  if (waiting.push(one) === 1) soon(flushAll)
}

function flushAll(): void {
  // What comes up while they are flushed belongs to the next turn.
  for (const one of waiting.splice(0)) one.flush()
}
