/** Placeholder, being written. */
import { z } from 'zod'
export const checkSchema = z.strictObject({ fault: z.string(), fired: z.string() })
