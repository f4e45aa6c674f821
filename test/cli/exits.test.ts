/** A machine whose loopback interface has one address only, as others than Linux have it: a network namespace. */
import { test } from 'tap'
import { lacks, main, start } from './command.js'

const ALONE = 'ip link set lo up && ip addr del 127.0.0.1/8 dev lo && ip addr add 127.0.0.1/32 dev lo && exec "$0" "$@"'

const elsewhere = (cwd: string, ...args: string[]) =>
  start('unshare', ['-n', 'sh', '-c', ALONE, process.execPath, main, ...args], { cwd }).ended

const scenario = `id: exits
title: A gateway with an exit
hops:
  app: { kind: origin }
  gw: { kind: gateway, to: [app], exits: [{ network: 127.11.1.0/24, count: 1 }] }
clients:
  plain: { to: app, through: { gateway: gw }, load: { requests: 1 } }
expect:
  - { client: plain, status: 200, count: "= 1" }
`

test('without addresses for exits it can’t run, and doctor says what to configure', async (t) => {
  const cwd = t.testdir({ 'exits.yaml': scenario })
  const allowed = await start('unshare', ['-n', 'sh', '-c', ALONE, 'true'], { cwd }).ended.catch(() => undefined)
  if (allowed?.code !== 0)
    return lacks(t, 'needs the right to make a network namespace, and ip: apt-get install iproute2')
  const run = await elsewhere(cwd, 'run', 'exits.yaml')
  t.equal(run.code, 3)
  t.match(run.stdout + run.stderr, /Gateway "gw" can't use 127\.11\.1\.1 as an exit on this machine \(EADDRNOTAVAIL\)/)
  const doctor = await elsewhere(cwd, 'doctor')
  t.equal(doctor.code, 3)
  t.match(doctor.stdout, /^! exits .*sudo ifconfig lo0 alias 127\.11\.1\.1/m)
  t.match(doctor.stdout, /^! scenarios +\d+ of \d+ in the catalogue run here\. The others have exits/m)
})
