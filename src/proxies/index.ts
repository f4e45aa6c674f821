/** Real proxies that can stand in the path: one file or folder each, named by the word behind --proxy. */
import { apache } from './apache/apache.js'
import { caddy } from './caddy/caddy.js'
import type { ProxyDriver } from './driver.js'
import { haproxy } from './haproxy/haproxy.js'
import { nginx } from './nginx/nginx.js'

export type { ProxyDriver } from './driver.js'

export const proxies = { nginx, haproxy, caddy, apache } satisfies Record<string, ProxyDriver>

export type ProxyName = keyof typeof proxies
