/** Groups of exits: which addresses they come to, and what is refused. */
import { test } from 'tap'
import { exitsSchema, listExits } from '../../../src/core/gateway/exits.js'

const problems = (groups: unknown): string[] =>
  (exitsSchema.safeParse(groups).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)

test('exits are the first addresses of their networks, each with what its group says', async (t) => {
  const groups = exitsSchema.parse([
    { network: '127.11.1.0/24', count: 2, tag: 'residential', capacity: 50, latency: '5ms', failure_rate: '2%' },
    { network: '127.12.0.0/16', count: 1, weight: 3 },
    { network: '127.13.0.7/32', count: 1, tag: 'mobile', dies: '2s' },
  ])
  const shared = { tag: 'residential', subnet: '127.11.1.0/24', capacity: 50, failure_rate: 0.02, weight: 1 }
  const latency = { type: 'fixed', ms: 5 }
  t.strictSame(listExits(groups), [
    { id: '127.11.1.1', address: '127.11.1.1', ...shared, latency },
    { id: '127.11.1.2', address: '127.11.1.2', ...shared, latency },
    {
      id: '127.12.0.1',
      address: '127.12.0.1',
      subnet: '127.12.0.0/24',
      tag: 'datacenter',
      capacity: 100,
      failure_rate: 0,
      weight: 3,
    },
    {
      id: '127.13.0.7',
      address: '127.13.0.7',
      subnet: '127.13.0.0/24',
      tag: 'mobile',
      capacity: 100,
      failure_rate: 0,
      weight: 1,
      dies_ms: 2000,
    },
  ])
})

test('more than 254 exits of a wide network go on in the next /24', async (t) => {
  const exits = listExits(exitsSchema.parse([{ network: '127.16.0.0/15', count: 300 }]))
  t.strictSame(
    [0, 254, 255, 299].map((index) => [exits[index]!.address, exits[index]!.subnet]),
    [
      ['127.16.0.1', '127.16.0.0/24'],
      ['127.16.0.255', '127.16.0.0/24'],
      ['127.16.1.0', '127.16.1.0/24'],
      ['127.16.1.44', '127.16.1.0/24'],
    ],
  )
})

test('networks that are none, elsewhere, taken, too small or told twice are refused', async (t) => {
  const expected = 'such as 127.11.1.0/24'
  t.strictSame(problems([{ network: '127.11.1.0', count: 1 }]), [
    `0.network: expected a network with its prefix, ${expected}`,
  ])
  t.strictSame(problems([{ network: '127.11.1.1/24', count: 1 }]), [
    `0.network: expected a network with its prefix, ${expected}`,
  ])
  t.strictSame(problems([{ network: '10.0.0.0/24', count: 1 }]), [
    `0.network: expected a network of 127.0.0.0/8, ${expected}`,
  ])
  t.strictSame(problems([{ network: '126.0.0.0/7', count: 1 }]), [
    `0.network: expected a network of 127.0.0.0/8, ${expected}`,
  ])
  for (const network of ['127.0.0.0/24', '127.0.0.1/32', '127.0.0.0/8']) {
    t.match(problems([{ network, count: 1 }])[0], /apart from 127\.0\.0\.0\/24, which has other uses/)
  }
  t.match(problems([{ network: '127.255.255.255/32', count: 1 }])[0], /apart from 127\.255\.255\.0\/24/)
  t.strictSame(problems([{ network: '127.11.1.0/29', count: 7 }]), ['0.count: 127.11.1.0/29 holds 6 exits'])
  t.strictSame(problems([{ network: '127.11.1.4/32', count: 2 }]), ['0.count: 127.11.1.4/32 holds 1 exit'])
  t.strictSame(
    problems([
      { network: '127.11.0.0/16', count: 1 },
      { network: '127.11.4.0/24', count: 1 },
    ]),
    ['1.network: 127.11.4.0/24 and 127.11.0.0/16 have addresses in common'],
  )
  t.ok(problems([]).length > 0, 'a gateway without exits')
})
