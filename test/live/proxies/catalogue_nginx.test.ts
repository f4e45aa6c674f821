/** Every cause that does not load the machine, with a real nginx in the path. */
import { nginx } from './differences/nginx.js'
import { proveOn } from './on_product.js'

await proveOn('nginx', nginx, false)
