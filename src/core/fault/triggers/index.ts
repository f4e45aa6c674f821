/** The moments at which a fault can act: one file each, in the order in which they pass. */
import { accept } from './accept.js'
import { client_hello } from './client_hello.js'
import { connect } from './connect.js'
import { handshake } from './handshake.js'
import { idle } from './idle.js'
import { request_body } from './request_body.js'
import { request_head } from './request_head.js'
import { resolve } from './resolve.js'
import { response_body } from './response_body.js'
import { response_end } from './response_end.js'
import { response_head } from './response_head.js'
import { wire } from './wire.js'

export const triggers = {
  resolve,
  connect,
  accept,
  client_hello,
  handshake,
  request_head,
  request_body,
  response_head,
  response_body,
  response_end,
  idle,
  wire,
}

export type TriggerName = keyof typeof triggers

/**
 * What a selector of the fault counts and matches at a trigger: a request, a connection, a lookup of a name, a chunk of
 * bytes, or, for the state of an address, nothing, because a kernel does not ask.
 */
export type TriggerScope = 'address' | 'lookup' | 'connection' | 'request' | 'chunk'
