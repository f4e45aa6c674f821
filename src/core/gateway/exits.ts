/**
 * The exit nodes of a gateway: source addresses in groups, as a scenario says them, and one by one, as the pool takes
 * them. Linux has all of 127.0.0.0/8 for free; whether this machine has it is doctor's matter.
 */
import { z } from 'zod'
import { type Distribution, distributionSchema } from '../../lib/distribution.js'
import { duration, share } from '../../lib/quantity.js'
import { addressText, hostsOf, type Network, overlap, parseNetwork, subnetOf, within } from './networks.js'

export const exitTags = ['datacenter', 'residential', 'mobile'] as const
export type ExitTag = (typeof exitTags)[number]

export interface Exit {
  /** Its address: what X-Exit-Node says, and what servers see. */
  id: string
  address: string
  /** Its /24. */
  subnet: string
  tag: ExitTag
  /** Requests and tunnels that it carries at once. */
  capacity: number
  /** What going through it costs a dialling; nothing if absent. */
  latency?: Distribution
  /** The share of its diallings that fail of themselves. */
  failure_rate: number
  weight: number
  /** When it dies, from the load's start; never if absent. */
  dies_ms?: number
}

const LOOPBACK = parseNetwork('127.0.0.0/8')!
/** Where hops listen and clients are at home; and the broadcast address, to which there is no route. */
const TAKEN = ['127.0.0.0/24', '127.255.255.0/24']

const groupSchema = z
  .strictObject({
    network: z
      .string()
      .superRefine((text, context) => {
        const problem = problemOfNetwork(text)
        if (problem) context.addIssue({ code: 'custom', message: problem })
      })
      .meta({ description: 'Where their addresses are, such as 127.11.1.0/24; the first ones are taken' }),
    count: z.int().min(1).max(5000).meta({ description: 'How many exits' }),
    tag: z.enum(exitTags).default('datacenter').meta({ description: 'What kind of network it is said to be' }),
    capacity: z.int().min(1).max(100_000).default(100).meta({ description: 'Requests and tunnels at once, of each' }),
    latency: distributionSchema
      .optional()
      .meta({ description: 'What going through one takes before it dials; nothing if absent' }),
    failure_rate: share()
      .prefault('0%')
      .meta({ description: 'So many of its diallings fail of themselves, whatever the target' }),
    weight: z
      .int()
      .min(1)
      .max(1000)
      .default(1)
      .meta({ description: 'The share of each under random, round_robin and health_weighted' }),
    dies: duration()
      .optional()
      .meta({ description: 'When they die with all that goes through them, from the load’s start; never if absent' }),
  })
  .superRefine(({ network, count }, context) => {
    const parsed = parseNetwork(network)
    if (!parsed || problemOfNetwork(network)) return
    const { size } = hostsOf(parsed)
    if (count > size) {
      const message = `${network} holds ${size} ${size === 1 ? 'exit' : 'exits'}`
      context.addIssue({ code: 'custom', path: ['count'], message })
    }
  })

/** Groups of exits. No address is in two of them. */
export const exitsSchema = z
  .array(groupSchema)
  .min(1)
  .superRefine((groups, context) => {
    groups.forEach(({ network }, index) => {
      const own = parseNetwork(network)
      const other = groups.slice(0, index).find((earlier) => {
        const before = parseNetwork(earlier.network)
        return own && before && overlap(own, before)
      })
      if (!other) return
      const message = `${network} and ${other.network} have addresses in common`
      context.addIssue({ code: 'custom', path: [index, 'network'], message })
    })
  })

export type ExitGroups = z.output<typeof exitsSchema>

/** The exits one by one, in the order of their groups and then of their addresses. */
export const listExits = (groups: ExitGroups): readonly Exit[] =>
  groups.flatMap(({ network, count, latency, dies, ...shared }) => {
    const { first } = hostsOf(parseNetwork(network)!)
    return Array.from({ length: count }, (_, index): Exit => {
      const address = addressText(first + index)
      const exit = { id: address, address, subnet: subnetOf(address), ...shared }
      return { ...exit, ...(latency && { latency }), ...(dies !== undefined && { dies_ms: dies }) }
    })
  })

function problemOfNetwork(text: string): string | undefined {
  const network: Network | undefined = parseNetwork(text)
  if (!network) return `expected a network with its prefix, such as 127.11.1.0/24`
  if (!within(network, LOOPBACK)) return `expected a network of 127.0.0.0/8, such as 127.11.1.0/24`
  const taken = TAKEN.find((one) => overlap(network, parseNetwork(one)!))
  return taken && `expected a network apart from ${taken}, which has other uses, such as 127.11.1.0/24`
}
