/** What a client of a gateway may say: credentials, authorities, targets in absolute form; and whom it gets. */
import { test } from 'tap'
import { admit } from '../../../src/core/gateway/credentials.js'
import { findDestination, readAbsolute, readAuthority } from '../../../src/core/gateway/destination.js'

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
const users = [
  { name: 'alice', password: 'secret' },
  { name: 'bob-session-x', password: '' },
]
const admitted = (user: string | undefined, session?: string) => ({ user, session })
const refused = (details: string) => ({
  type: 'http_request_denied',
  stage: 'select',
  manner: 'unauthorized',
  details,
  status: 407,
})

test('credentials', async (t) => {
  const unreadable = refused('credentials that are not of the Basic scheme, or not readable')
  const table: [string | undefined, object][] = [
    [undefined, refused('no credentials')],
    [basic('alice:secret'), admitted('alice')],
    [basic('alice:secret').replace('Basic', 'bAsIc  '), admitted('alice')],
    [basic('alice-session-abc:secret'), admitted('alice', 'abc')],
    [basic('alice-session-a-session-b:secret'), refused('wrong credentials')],
    [basic('alice-session-:secret'), refused('wrong credentials')],
    [basic('bob-session-x:'), admitted('bob-session-x')],
    [basic('bob-session-x-session-y:'), admitted('bob-session-x', 'y')],
    [basic('bob:'), refused('wrong credentials')],
    [basic('alice:Secret'), refused('wrong credentials')],
    [basic('alice:secret:'), refused('wrong credentials')],
    [basic('alice'), unreadable],
    [basic(':secret'), unreadable],
    ['Basic', unreadable],
    ['Basic ', unreadable],
    ['Basic !!!!', unreadable],
    [`Basic ${Buffer.from('a\xff:b', 'latin1').toString('base64')}`, unreadable],
    [`${basic('alice:secret')} x`, unreadable],
    ['Bearer abc', unreadable],
    ['', unreadable],
  ]
  for (const [header, expected] of table) t.strictSame(admit(users, header), expected, header ?? 'none')
})

test('an open gateway asks nobody, and still reads a session', async (t) => {
  t.strictSame(admit([], undefined), admitted(undefined))
  t.strictSame(admit([], 'Bearer x'), admitted(undefined))
  t.strictSame(admit([], basic('whoever-session-s1:any')), admitted(undefined, 's1'))
})

test('the authority of a CONNECT', async (t) => {
  const table: [string, object | undefined][] = [
    ['shop.test:443', { host: 'shop.test', port: 443 }],
    ['SHOP.test.:443', { host: 'shop.test', port: 443 }],
    ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
    ['[::1]:443', { host: '::1', port: 443 }],
    ['shop.test', undefined],
    ['shop.test:', undefined],
    ['shop.test:0', undefined],
    ['shop.test:65536', undefined],
    ['shop.test:443x', undefined],
    [':443', undefined],
    ['::1:443', undefined],
    ['user@shop.test:443', undefined],
    ['http://shop.test:443', undefined],
    ['/', undefined],
    ['', undefined],
  ]
  for (const [text, expected] of table) {
    const read = readAuthority(text)
    if (expected) t.strictSame(read, expected, text)
    else t.match(read, { type: 'http_request_error', stage: 'select' }, text)
  }
})

test('a target in absolute form', async (t) => {
  const read = (url: string) => {
    const target = readAbsolute(url)
    return 'type' in target
      ? target.type
      : `${target.scheme} ${target.host} ${target.port} ${target.authority} ${target.path}`
  }
  t.equal(read('http://shop.test/a?b=c'), 'http shop.test 80 shop.test /a?b=c')
  t.equal(read('HTTP://Shop.Test'), 'http shop.test 80 Shop.Test /')
  t.equal(read('https://shop.test?x'), 'https shop.test 443 shop.test /?x')
  t.equal(read('https://shop.test:8443/#f'), 'https shop.test 8443 shop.test:8443 /')
  t.equal(read('http://[::1]:80/'), 'http ::1 80 [::1]:80 /')
  for (const wrong of ['/', '*', 'shop.test:80', 'ftp://shop.test/', 'ws://shop.test/', 'http://', 'http:///x']) {
    t.equal(read(wrong), 'http_request_error', wrong)
  }
  for (const wrong of ['http://a:b@shop.test/', 'http://shop.test:99999/', 'http://shop.test:x/', 'http://sh op/']) {
    t.equal(read(wrong), 'http_request_error', wrong)
  }
})

test('whom it gets', async (t) => {
  const known = [
    { hop: 'shop', name: 'shop.test', address: '127.0.0.1', port: 5001 },
    { hop: 'wall', name: 'wall.test', address: '127.0.0.1', port: 5002 },
  ]
  const find = (host: string, port: number, ports?: number[]) => {
    const found = findDestination(known, ports, { host, port })
    return typeof found === 'string' ? found : `${found.type} ${found.status ?? ''}`.trim()
  }
  t.equal(find('shop.test', 80), 'shop')
  t.equal(find('wall.test', 443), 'wall')
  t.equal(find('shop.test', 5001), 'shop')
  t.equal(find('127.0.0.1', 5002), 'wall')
  t.equal(find('shop.test', 5002), 'destination_not_found 502')
  t.equal(find('127.0.0.1', 80), 'destination_not_found 502')
  t.equal(find('example.com', 443), 'destination_not_found 502')
  t.equal(find('shop.test', 443, [443]), 'shop')
  t.equal(find('shop.test', 80, [443]), 'http_request_denied')
  t.equal(find('example.com', 25, [443]), 'http_request_denied')
})
