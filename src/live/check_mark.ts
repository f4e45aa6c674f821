/** How health checks, and requests that only load the machine, are told from the work at the servers that they come to. */
import type { IncomingMessage } from 'node:http'
import { checkAgent } from '../core/proxy/health_checks/index.js'

export const isCheck = ({ headers }: IncomingMessage): true | undefined =>
  headers['user-agent'] === checkAgent || undefined

/** The User-Agent of requests that only load the machine: they are no part of what is measured. */
export const saturationAgent = 'badgateway-saturation'

export const isBackground = ({ headers }: IncomingMessage): true | undefined =>
  headers['user-agent'] === saturationAgent || undefined
