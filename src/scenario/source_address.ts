/** The address that a hop or a client dials from: any of loopback is its own to take, on Linux. Their schemas use it. */
import { z } from 'zod'

export const sourceAddress = () =>
  z
    .string()
    .regex(/^127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/, 'expected an address of 127.0.0.0/8, such as 127.0.0.9')
    .optional()
    .meta({ description: 'The address it dials from, which the server sees; 127.0.0.1 if absent' })
