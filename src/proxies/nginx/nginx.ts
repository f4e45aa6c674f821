/** The driver of nginx: the one that the table of proxies holds. What it writes and reads is in the files beside it. */
import type { ProxyDriver } from '../driver.js'
import { configuration, LOG } from './configuration.js'
import { lacks } from './lacks.js'
import { createReader } from './log.js'
import { ownConfiguration } from './own_conf.js'

export const nginx: ProxyDriver = {
  summary: 'nginx with the settings of the hop that it stands in for',
  program: 'nginx',
  install: 'apt-get install nginx-light',
  versionArguments: ['-v'],
  version: (output) => /^nginx version: nginx\/(\d+(?:\.\d+)*)/m.exec(output)?.[1],
  tells: { proxy_status: false, details: false, requests: true, log: true },
  dialect: 'nginx',
  lacks,
  configuration: (settings, places) =>
    settings.own ? ownConfiguration(settings.own, settings, places) : configuration(settings, places),
  arguments: (file, folder) => ['-c', file, '-p', folder],
  log: LOG,
  reader: createReader,
  // The first that is grave is the cause of all that follow. A process and its number stand before the words.
  complaint: (stderr) => (/\[emerg\].*$/m.exec(stderr)?.[0] ?? /^.+$/m.exec(stderr)?.[0])?.replace(/ \d+#\d+:/, ''),
}
