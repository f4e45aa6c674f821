/** Every cause that does not load the machine, with a real Apache in the path: now and then one of them never reaches the origin. */
import { apache } from '../live/proxies/differences/apache.js'
import { proveOn } from '../live/proxies/on_product.js'

await proveOn('apache', apache, false)
