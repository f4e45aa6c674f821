/** Every cause that loads the machine, with a real Apache in the path and nothing beside it. */
import { apache } from '../live/proxies/differences/apache.js'
import { proveOn } from '../live/proxies/on_product.js'

await proveOn('apache', apache, true)
