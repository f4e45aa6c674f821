/** The driver of Apache: the one that the table of proxies holds. What it writes and reads is in the files beside it. */
import type { ProxyDriver } from '../driver.js'
import { configuration, LOG } from './configuration.js'
import { lacks } from './lacks.js'
import { createReader } from './log.js'

export const apache: ProxyDriver = {
  summary: 'Apache with the settings of the hop that it stands in for',
  program: 'apache2',
  install: 'apt-get install apache2',
  versionArguments: ['-v'],
  version: (output) => /^Server version: Apache\/(\d+(?:\.\d+)*)/m.exec(output)?.[1],
  // A request whose client has left goes on until its server answers, or is too late: nobody waits for that.
  tells: { proxy_status: false, details: false, requests: true, log: true, silent: true },
  lacks,
  configuration,
  arguments: (file, folder) => ['-D', 'FOREGROUND', '-d', folder, '-f', file],
  dialect: 'apache',
  stop: 'TERM',
  lateMarks: true,
  log: LOG,
  reader: createReader,
  // What is wrong stands on the line behind the place.
  complaint: (stderr) => /^(?!AH00558)\S.*(?:(?<=:)\n.+)?$/m.exec(stderr)?.[0].replace('\n', ' '),
}
