/** Every cause that does not load the machine, with a real Caddy in the path. */
import { caddy } from '../live/proxies/differences/caddy.js'
import { proveOn } from '../live/proxies/on_product.js'

await proveOn('caddy', caddy, false)
