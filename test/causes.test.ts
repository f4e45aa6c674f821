/** Every cause that bears others beside it. */
import { proveCauses } from './proving.js'

await proveCauses(false)
