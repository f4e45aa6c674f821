/** Every cause that does not load the machine, with a real Apache in the path. */
import { apache } from '../live/proxies/differences/apache.js'
import { proveOn } from '../live/proxies/on_product.js'

await proveOn('apache', apache, false)
