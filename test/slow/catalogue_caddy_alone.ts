/** Every cause that loads the machine, with a real Caddy in the path and nothing beside it. */
import { caddy } from '../live/proxies/differences/caddy.js'
import { proveOn } from '../live/proxies/on_product.js'

await proveOn('caddy', caddy, true)
