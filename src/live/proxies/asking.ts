/** Whether a real proxy is there: somebody accepts, or it answers where the rig asks. */
import { get } from 'node:http'
import { createConnection } from 'node:net'
import { HOST } from '../address_state.js'

/** Whether somebody accepts connections there. */
export function accepts(port: number, host = HOST): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** Asks it to write a mark into its log; true once it has answered. */
export function asks(control: number, mark: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(
      { host: HOST, port: control, path: `/?mark=${mark}`, agent: false, timeout: 2000 },
      (response) => {
        response.resume()
        response.once('end', () => resolve(true))
      },
    )
    request.once('timeout', () => request.destroy())
    request.once('error', () => resolve(false))
    request.once('close', () => resolve(false))
  })
}
