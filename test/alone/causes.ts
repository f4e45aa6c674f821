/** Every cause that loads the machine, with nothing beside it. */
import { proveCauses } from '../proving.js'

await proveCauses(true)
