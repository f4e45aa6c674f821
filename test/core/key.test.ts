/** What a hash balancer takes of a request: every variable, and what nginx takes for it. */
import { test } from 'tap'
import { addressBytes } from '../../src/core/proxy/address.js'
import { keySchema, readKey } from '../../src/core/proxy/key.js'
import { requestOf } from './balanced.js'

const headers: Readonly<Record<string, string>> = {
  host: 'Shop.Test:8080',
  'x-user-id': 'u7',
  cookie: 'theme=dark; Session=abc=1; sessions=no, last = z',
}
const request = requestOf({
  method: 'PUT',
  path: '/a%20b/../c//./d?User=me&x=1&user=you&empty=',
  client: '10.1.2.3',
  header: (name) => headers[name],
})

test('variables', async (t) => {
  const table: [key: string, value: string][] = [
    ['$request_uri', request.path],
    ['$uri', '/c/d'],
    ['$args', 'User=me&x=1&user=you&empty='],
    ['$remote_addr', '10.1.2.3'],
    ['$binary_remote_addr', '\x0a\x01\x02\x03'],
    ['$request_method', 'PUT'],
    ['$host', 'shop.test'],
    ['$http_x_user_id', 'u7'],
    ['$http_missing', ''],
    ['$arg_user', 'me'],
    ['$arg_User', 'me'],
    ['$arg_x', '1'],
    ['$arg_empty', ''],
    ['$arg_us', ''],
    ['$cookie_theme', 'dark'],
    ['$cookie_session', 'abc=1'],
    ['$cookie_SESSION', 'abc=1'],
    ['$cookie_last', 'z'],
    ['$cookie_none', ''],
    [`\${request_method}-$arg_x`, 'PUT-1'],
    ['fixed', 'fixed'],
    ['$host$arg_x', 'shop.test1'],
  ]
  for (const [key, value] of table) t.equal(readKey(key, request), value, key)
})

test('without a query there are no arguments, whatever the path looks like', async (t) => {
  for (const path of ['/x&k=1', '/k=1', '/']) {
    t.equal(readKey('$arg_k', requestOf({ path })), '', path)
    t.equal(readKey('$args', requestOf({ path })), '', path)
  }
  t.equal(readKey('$arg_k', requestOf({ path: '/?a?k=1' })), '')
  t.equal(readKey('$arg_foo', requestOf({ path: '/?fooX' })), '', 'a name without a value')
})

test('$uri is what nginx makes of the path', async (t) => {
  const table: [path: string, uri: string][] = [
    ['/', '/'],
    ['/a', '/a'],
    ['/a/', '/a/'],
    ['//a///b', '/a/b'],
    ['/a/./b/', '/a/b/'],
    ['/a/../b', '/b'],
    ['/a/b/..', '/a/'],
    ['/a/.', '/a/'],
    ['/%41%2Fb', '/A/b'],
    ['/%c3%bc', '/\xc3\xbc'],
    ['/.hidden', '/.hidden'],
    ['/%zz', '/%zz'],
  ]
  for (const [path, uri] of table) t.equal(readKey('$uri', requestOf({ path })), uri, path)
})

test('a variable that does not exist is told with the nearest one', async (t) => {
  const message = (key: string) => keySchema.safeParse(key).error?.issues[0]?.message
  t.match(message('$request_url'), /unknown variable "\$request_url".*request_uri/)
  t.match(message('a$arg_'), /unknown variable "\$arg_"/)
  t.equal(message('$Host$ARG_x'), undefined)
  t.ok(message(''))
})

test('addresses as bytes', async (t) => {
  const table: [address: string, bytes: number[]][] = [
    ['127.0.0.1', [127, 0, 0, 1]],
    ['::1', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
    ['::', Array(16).fill(0)],
    ['2001:db8::ff00:42:8329', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0xff, 0, 0, 0x42, 0x83, 0x29]],
    ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
    ['::ffff:10.1.2.3', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3]],
    ['fe80::1%eth0', [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
    ['', []],
    ['unix', []],
  ]
  for (const [address, bytes] of table) t.strictSame(addressBytes(address), bytes, address)
})
