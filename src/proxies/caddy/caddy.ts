/** The driver of Caddy: the one that the table of proxies holds. What it writes and reads is in the files beside it. */
import type { ProxyDriver } from '../driver.js'
import { configuration, LOG } from './configuration.js'
import { lacks } from './lacks.js'
import { createReader } from './log.js'

export const caddy: ProxyDriver = {
  summary: 'Caddy with the settings of the hop that it stands in for',
  program: 'caddy',
  install: 'apt-get install caddy',
  versionArguments: ['version'],
  // Debian's says the number alone.
  version: (output) => /^v?(\d+\.\d+\.\d+\S*)(?: h1:\S+)?$/m.exec(output.trim())?.[1],
  tells: { proxy_status: false, details: false, requests: true, log: true, silent: true },
  dialect: 'caddy',
  lacks,
  configuration,
  arguments: (file) => ['run', '--config', file],
  log: LOG,
  reader: createReader,
  complaint: (stderr) =>
    (/^(?:Error|run): .*$/m.exec(stderr) ??
      /^\{"level":"(?:error|panic|fatal)".*$/m.exec(stderr) ??
      /^.+$/m.exec(stderr))?.[0],
}
