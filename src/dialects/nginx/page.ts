/** nginx 1.22.1's own pages, byte for byte, and the head above them (ngx_http_special_response.c). index.ts calls it. */
import type { Answer, Asked } from '../dialect.js'

export const SERVER = 'nginx/1.22.1'

/** As nginx words a status, where it words one. */
const TITLES: Readonly<Record<number, string>> = {
  400: '400 Bad Request',
  403: '403 Forbidden',
  404: '404 Not Found',
  405: '405 Not Allowed',
  411: '411 Length Required',
  413: '413 Request Entity Too Large',
  414: '414 Request-URI Too Large',
  429: '429 Too Many Requests',
  500: '500 Internal Server Error',
  501: '501 Not Implemented',
  502: '502 Bad Gateway',
  503: '503 Service Temporarily Unavailable',
  504: '504 Gateway Time-out',
  505: '505 HTTP Version Not Supported',
}

/** Behind these nginx does not trust the connection any more. */
const LAST = new Set([400, 413, 414, 500, 501])

/** @param complaint a page about one kind of 400 has a line more, and another title */
export function page(status: number, to: Asked, complaint?: string): Answer {
  const title = TITLES[status] ?? String(status)
  const says = complaint === undefined ? '' : `<center>${complaint}</center>\r\n`
  const body = [
    `<html>\r\n<head><title>${complaint === undefined ? title : `${status} ${complaint}`}</title></head>\r\n<body>\r\n`,
    `<center><h1>${title}</h1></center>\r\n${says}`,
    `<hr><center>${SERVER}</center>\r\n</body>\r\n</html>\r\n`,
    isFriendly(to.userAgent) ? PADDING.repeat(6) : '',
  ].join('')
  const last = !to.keepAlive || LAST.has(status)
  const about = ['Content-Type', 'text/html', 'Content-Length', String(body.length)]
  const fields = [...ownFields(to.date), ...about, 'Connection', last ? 'close' : 'keep-alive']
  return { status, reason: title.slice(4), fields, body: to.method === 'HEAD' ? '' : body }
}

/** What stands first in every head. */
export const ownFields = (date: string): string[] => ['Server', SERVER, 'Date', date]

/** So that a page is longer than those that browsers put their own in the place of: `msie_padding on`. */
const PADDING = '<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n'

function isFriendly(userAgent = ''): boolean {
  if (userAgent.includes('Opera')) return false
  const msie = userAgent.indexOf('MSIE ')
  if (msie >= 0 && msie + 7 < userAgent.length) return true
  return !userAgent.includes('Gecko/') && userAgent.includes('Chrome/')
}
