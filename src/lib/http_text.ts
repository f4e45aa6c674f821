/**
 * What HTTP takes as a field and as a path, as schemas: whatever a file has us send is built with these. Deliberate
 * nonsense goes out as raw bytes instead.
 */
import { z } from 'zod'

/** RFC 9110 section 5.6.2. */
export const token = (what = 'a token of HTTP') => z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, `expected ${what}`)

/** RFC 9110 section 5.5. */
export const fieldValue = () =>
  z
    .string()
    .regex(
      /^[\t\x20-\x7e\x80-\xff]*$/,
      'expected the value of a field of HTTP, without line breaks, control characters and characters above \\xff',
    )

/** Names to values. */
export const fields = () => z.record(token(), fieldValue()).default({})

/** RFC 9112 section 3.2. */
export const path = () =>
  z
    .string()
    .regex(/^\//, { error: 'expected a path that starts with /', abort: true })
    .regex(
      /^[\x21-\x7e]*$/,
      'expected a path without spaces, control characters and characters above \\x7e: percent-encode them, as %20',
    )
