/** Bans: whom they cover, how they widen and lapse. */
import fc from 'fast-check'
import t from 'tap'
import { Bans } from '../../../src/core/waf/bans.js'
import { Guard } from '../../../src/core/waf/guard.js'
import { banScopes, bansSchema, ruleSchema } from '../../../src/core/waf/rule.js'
import type { Visit } from '../../../src/core/waf/visit.js'

const bot: Visit = { address: '127.11.1.5', hello: { ja3: '3', ja4: 'bot', sni: undefined, alpn: [] } }
const browser: Visit = { ...bot, hello: { ...bot.hello!, ja4: 'browser' } }
const neighbour: Visit = { ...browser, address: '127.11.1.6' }
const stranger: Visit = { ...browser, address: '127.11.2.5' }

const bansOf = (config: object = {}) => new Bans(bansSchema.parse({ after: 2, within: '1m', for: '5m', ...config }))

t.test('from a fingerprint on an address to the address to its /24: each by going on while banned', async (t) => {
  const bans = bansOf()
  const covered = () => [bot, browser, neighbour, stranger].map((who) => bans.covering(who, 10)?.scope)
  const began = () => bans.hit(bot, 'bots', 10)
  t.equal(began(), undefined)
  t.same(covered(), [undefined, undefined, undefined, undefined])
  t.same(began(), { scope: 'fingerprint_on_address', key: 'bot on 127.11.1.5', for_ms: 300_000 })
  t.same(covered(), ['fingerprint_on_address', undefined, undefined, undefined])
  t.equal(began(), undefined)
  t.same(began(), { scope: 'address', key: '127.11.1.5', for_ms: 300_000 })
  t.same(covered(), ['address', 'address', undefined, undefined])
  t.equal(began(), undefined)
  t.same(began(), { scope: 'subnet', key: '127.11.1.0/24', for_ms: 300_000 })
  t.same(covered(), ['subnet', 'subnet', 'subnet', undefined])
  t.same([began(), began(), began()], [undefined, undefined, undefined], 'there is nothing wider')
})

t.test('a ban lapses, and the next of the same lasts longer', async (t) => {
  const bans = bansOf({ after: 1, for: '10s', growth: 3, widen: ['address'] })
  t.equal(bans.hit(bot, 'bots', 0)?.for_ms, 10_000)
  t.ok(bans.covering(bot, 9_999))
  t.equal(bans.covering(bot, 10_000), undefined)
  t.equal(bans.hit(bot, 'bots', 10_000)?.for_ms, 30_000)
  t.ok(bans.covering(bot, 39_999))
  t.equal(bans.hit(bot, 'bots', 40_000)?.for_ms, 90_000)
})

t.test('hits that are far apart make no ban', async (t) => {
  const bans = bansOf({ after: 2, within: '1s' })
  t.same(
    [0, 1000, 2000, 3000].map((ms) => bans.hit(bot, 'bots', ms)),
    [undefined, undefined, undefined, undefined],
  )
  t.ok(bans.hit(bot, 'bots', 3999))
})

t.test('a ban covers whoever is in its scope, and nobody else', async () => {
  const address = fc.tuple(fc.nat(2), fc.nat(2)).map(([a, b]) => `127.11.${a}.${b}`)
  const who = fc.record({ address, ja4: fc.constantFrom('a', 'b') })
  const scope = fc.constantFrom(...banScopes)
  fc.assert(
    fc.property(who, who, scope, (one, other, scope) => {
      const visit = ({ address, ja4 }: typeof one): Visit => ({ ...bot, address, hello: { ...bot.hello!, ja4 } })
      const bans = bansOf({ after: 1, widen: [scope] })
      bans.hit(visit(one), 'r', 0)
      const net = (text: string) => text.split('.').slice(0, 3).join('.')
      const expected =
        scope === 'subnet'
          ? net(one.address) === net(other.address)
          : one.address === other.address && (scope === 'address' || one.ja4 === other.ja4)
      return (bans.covering(visit(other), 1) !== undefined) === expected
    }),
  )
})

t.test(
  'who is banned is stopped by the ban, which names the rule that led to it; a rule that lets pass comes first',
  async (t) => {
    const rules = [
      { id: 'friends', when: { sni: 'friend.test' }, action: 'pass' },
      { id: 'bots', when: { ja4: 'bot*' }, action: 'close' },
    ].map((rule) => ruleSchema.parse(rule))
    const bans = bansSchema.parse({ after: 1, widen: ['address'], action: 'drop' })
    const guard = new Guard({ rules, bans }, {} as never, false)
    t.match(guard.atConnection(bot, 0), { rule: 'bots', action: { type: 'close' }, ban: { scope: 'address' } })
    t.match(guard.atConnection(browser, 1), { rule: 'bots', action: { type: 'drop' }, banned: 'address' })
    t.equal(guard.atConnection(neighbour, 1), undefined)
    const friend = { ...browser, hello: { ...browser.hello!, sni: 'friend.test' } }
    t.match(guard.atConnection(friend, 1), { rule: 'friends', action: { type: 'pass' } })
  },
)
