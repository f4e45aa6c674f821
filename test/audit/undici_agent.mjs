/**
 * What the controls need of undici, for those of rules.test.ts: each of a hundred processes would load its mocks, caches
 * and handlers as well. It is undici's own code, and what its index.js makes of it.
 */

import api from '../../node_modules/undici/lib/api/index.js'
import Agent from '../../node_modules/undici/lib/dispatcher/agent.js'
import Dispatcher from '../../node_modules/undici/lib/dispatcher/dispatcher.js'

Object.assign(Dispatcher.prototype, api)

export { Agent }
