/** Every cause that does not load the machine, with a real HAProxy in the path. */
import { haproxy } from '../live/proxies/differences/haproxy.js'
import { proveOn } from '../live/proxies/on_product.js'

await proveOn('haproxy', haproxy, false)
