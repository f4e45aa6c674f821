import { z } from 'zod'

export const dnsAnswers = ['nxdomain', 'servfail', 'refused', 'no_data', 'stale'] as const
export type DnsAnswer = (typeof dnsAnswers)[number]

export const dns = {
  summary: 'the resolver answers otherwise: nxdomain, servfail, refused, no_data, or stale, an address long retired',
  schema: z.strictObject({ type: z.literal('dns'), answer: z.enum(dnsAnswers) }),
} as const
