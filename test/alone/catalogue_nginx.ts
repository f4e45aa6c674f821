/** Every cause that loads the machine, with a real nginx in the path and nothing beside it. */
import { nginx } from '../live/proxies/differences/nginx.js'
import { proveOn } from '../live/proxies/on_product.js'

await proveOn('nginx', nginx, true)
