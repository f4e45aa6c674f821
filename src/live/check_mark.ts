/** How health checks are told from requests at the servers that they come to, other proxies among them. */
import type { IncomingMessage } from 'node:http'
import { checkAgent } from '../core/proxy/health_checks/index.js'

export const isCheck = ({ headers }: IncomingMessage): true | undefined =>
  headers['user-agent'] === checkAgent || undefined
