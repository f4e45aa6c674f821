/** The moments at which a fault can act: one file each, in the order in which they pass. */
import { accept } from './accept.js'
import { client_hello } from './client_hello.js'
import { connect } from './connect.js'
import { handshake } from './handshake.js'
import { request_head } from './request_head.js'
import { response_body } from './response_body.js'
import { response_head } from './response_head.js'

export const triggers = { connect, accept, client_hello, handshake, request_head, response_head, response_body }

export type TriggerName = keyof typeof triggers

/**
 * What a selector of the fault counts and matches at a trigger: a request, a connection, or, for the state of an
 * address, nothing, because a kernel does not ask.
 */
export type TriggerScope = 'address' | 'connection' | 'request'
