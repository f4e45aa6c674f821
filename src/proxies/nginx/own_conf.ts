/**
 * A configuration of the user's own in the place of the one that configuration.ts writes: rewritten for the rig, which
 * needs its log in it. nginx.ts calls it; the rewriting itself is in ../nginx_conf/.
 */
import { dirname, resolve } from 'node:path'
import { CannotRunError, formatProblem } from '../../lib/errors.js'
import type { OwnConf, ProxyPlaces, ProxySettings } from '../driver.js'
import { inOrder } from '../nginx_conf/findings.js'
import { readConf } from '../nginx_conf/read.js'
import { rewriteConf } from '../nginx_conf/rewrite.js'
import { httpLines, mainLines } from './configuration.js'

/** @throws CannotRunError where the rig can't use it, though nginx could */
export function ownConfiguration(own: OwnConf, { hop, servers }: ProxySettings, places: ProxyPlaces): string {
  const conf = readConf(own.source, own.include)
  const hosts = { proxy: hop, map: own.map, hops: servers.map((one) => ({ name: one.hop, dnsName: one.dns_name })) }
  const text = rewriteConf(conf, hosts, {
    ...places,
    beside: own.source.file === undefined ? undefined : dirname(resolve(own.source.file)),
    addressOf: (name) => places.addresses[servers.findIndex((one) => one.hop === name)],
    mainLines: mainLines(places),
    httpLines: httpLines(hop, places),
  })
  const [problem] = inOrder(conf.findings.problems)
  if (text !== undefined && !problem) return text
  throw new CannotRunError(
    `This nginx configuration can't be run by the rig: ${problem ? formatProblem(problem) : 'nothing answers'}`,
    'Change it, or leave --proxy out to run the mini proxy with it',
  )
}
