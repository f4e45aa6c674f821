/** Whether this machine has an address that one can dial from, or listen at. Gateways ask for their exits, and so does doctor. */
import { createServer } from 'node:net'

/** Undefined: it can be bound. */
export function bindingError(address: string): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer().once('error', resolve)
    server.listen(0, address, () => server.close(() => resolve(undefined)))
  })
}
