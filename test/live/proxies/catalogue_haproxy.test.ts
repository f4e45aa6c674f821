/** Every cause that does not load the machine, with a real HAProxy in the path. */
import { haproxy } from './differences/haproxy.js'
import { proveOn } from './on_product.js'

await proveOn('haproxy', haproxy, false)
