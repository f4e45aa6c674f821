/** Every cause that loads the machine, with a real nginx in the path and nothing beside it. */
import { proveOnNginx } from '../live/proxies/on_nginx.js'

await proveOnNginx(true)
