/** Whether a gateway may send a request once more (RFC 9110 section 9.2.2), whatever its strategy would like. */
import type { Stage } from '../failure.js'

/** `kept`: none of the body is lost, it can be sent from its start. */
export interface Sent {
  method: string
  body: 'none' | 'kept' | 'gone'
}

/** RFC 9110 section 9.2.2; OPTIONS and TRACE are safe, and so idempotent. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])
/** Nothing of the request was on its way. */
const BEFORE: readonly (Stage | undefined)[] = ['select', 'dns', 'connect', 'tls']

/** @param stage of the failure; undefined: a response came */
export const mayRepeat = ({ method, body }: Sent, stage: Stage | undefined): boolean =>
  body !== 'gone' && (IDEMPOTENT.has(method) || BEFORE.includes(stage))
