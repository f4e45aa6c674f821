/** Every cause that does not load the machine, with a real nginx in the path. */
import { proveOnNginx } from './on_nginx.js'

await proveOnNginx(false)
