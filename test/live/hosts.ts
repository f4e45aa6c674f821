/** Values of Host: by RFC 9112 section 3.2 a host as in RFC 3986 section 3.2.2, and a port of any digits. */

export const HOSTS = [
  'my_host',
  'x:',
  'x:080',
  'x:99999',
  '[::1]',
  '[::1]:80',
  '[::ffff:1.2.3.4]',
  'a%20b',
  "a!$&'()*+,;=~b",
  '.',
]

/** None of them is one. */
export const NO_HOSTS = [
  ...[
    'a b',
    'a/b@c',
    'u@c',
    'x, y',
    'x\ty',
    'x :80',
    'x:a',
    'x:-1',
    'x:80:80',
    '::1',
    '[::1',
    '[::1]x',
    '[x]',
    '[]',
    '[:::]',
  ],
  ...['a%zz', 'a%2', 'a"b', 'a<b', 'a\\b', 'a?b', 'a#b', '{a}', 'a|b', '\u00e9'],
]
