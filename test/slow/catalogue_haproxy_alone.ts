/** Every cause that loads the machine, with a real HAProxy in the path and nothing beside it. */
import { haproxy } from '../live/proxies/differences/haproxy.js'
import { proveOn } from '../live/proxies/on_product.js'

await proveOn('haproxy', haproxy, true)
