/** What no schema can say of a client's way through a gateway: that there is one, that it leads there, what fits together. */
import { type Finding, wrongKey, wrongValue } from './finding.js'
import { article, namesOf, unknownName } from './names.js'
import type { ClientOutline, HopOutline, ThroughOutline } from './outline.js'

export function findThroughProblems(client: ClientOutline, hops: readonly HopOutline[] | undefined): Finding[] {
  const { through } = client
  if (!through) return []
  return [
    ...(hops ? [...wrongGateway(client, through, hops), ...unknownPort(through, hops)] : []),
    ...uselessCredentials(through),
    ...uselessBeside(client, through),
  ]
}

function wrongGateway({ to }: ClientOutline, { gateway }: ThroughOutline, hops: readonly HopOutline[]): Finding[] {
  if (!gateway) return []
  const hop = hops.find(({ name }) => name === gateway.name)
  const gateways = namesOf(hops.filter(({ kind }) => kind === 'gateway' || kind === undefined))
  if (!hop) return unknownName('gateway', gateway, gateways)
  if (hop.kind === undefined) return []
  if (hop.kind !== 'gateway') {
    const hint = gateways.length === 0 ? 'the scenario has no gateway' : `expected one of: ${gateways.join(', ')}`
    return [wrongValue(gateway.path, `"${hop.name}" is ${article(hop.kind)}, not a gateway, ${hint}`)]
  }
  const known = namesOf(hop.to)
  // A name that is no hop's is said where it stands.
  if (!to || !namesOf(hops).includes(to.name) || known.length === 0 || known.includes(to.name)) return []
  const where = known.length === 1 ? `"${known[0]}"` : `one of: ${known.join(', ')}`
  return [wrongValue(to.path, `the gateway "${hop.name}" does not lead to "${to.name}", expected ${where}`)]
}

const unknownPort = ({ port }: ThroughOutline, hops: readonly HopOutline[]): Finding[] =>
  port ? unknownName('hop', port, namesOf(hops)) : []

function uselessCredentials({ keys, path }: ThroughOutline): Finding[] {
  const has = (key: string) => keys.includes(key)
  const at = (key: string, message: string) => wrongKey([...path, key], message)
  if (has('authorization')) {
    return ['user', 'password', 'session']
      .filter(has)
      .map((key) => at(key, `authorization is all that the gateway is told: "${key}" has no use`))
  }
  if (has('user')) return []
  return ['password', 'session']
    .filter(has)
    .map((key) => at(key, `"${key}" is a part of a user's credentials: add user`))
}

function uselessBeside({ keys, path }: ClientOutline, { form, scheme }: ThroughOutline): Finding[] {
  if (form !== 'absolute' || scheme === 'https' || !keys.includes('tls')) return []
  return [wrongKey([...path, 'tls'], 'in absolute form it is the gateway that speaks TLS: expected form: connect')]
}
