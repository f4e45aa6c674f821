/** The driver of HAProxy: the one that the table of proxies holds. What it writes and reads is in the files beside it. */
import type { ProxyDriver } from '../driver.js'
import { configuration, LOG } from './configuration.js'
import { lacks } from './lacks.js'
import { createReader } from './log.js'

export const haproxy: ProxyDriver = {
  summary: 'HAProxy with the settings of the hop that it stands in for',
  program: 'haproxy',
  install: 'apt-get install haproxy',
  versionArguments: ['-v'],
  version: (output) => /^HA-?Proxy version (\d+(?:\.\d+)*)/m.exec(output)?.[1],
  tells: { proxy_status: false, details: false, requests: true, log: true, checks: false, silent: true },
  dialect: 'haproxy',
  lacks,
  configuration,
  arguments: (file) => ['-db', '-f', file],
  log: LOG,
  logsToStdout: true,
  stop: 'TERM',
  reader: createReader,
  // The first alert is the cause of all that follow. A process and its number stand before the words.
  complaint: (stderr) => (/^\[ALERT\].*$/m.exec(stderr)?.[0] ?? /^.+$/m.exec(stderr)?.[0])?.replace(/ +\(\d+\) :/, ''),
}
