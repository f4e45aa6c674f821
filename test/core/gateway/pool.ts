/** Pools of exits for tests: exits named by one letter or address, and an ask with everything filled in. */
import { type AssignmentConfig, createAssignment } from '../../../src/core/gateway/assignments/index.js'
import { type Ask, ExitPool } from '../../../src/core/gateway/exit_pool.js'
import type { Exit } from '../../../src/core/gateway/exits.js'

export const target = 'shop.test:443'

export const exitOf = (id: string, more: Partial<Exit> = {}): Exit => ({
  id,
  address: id,
  subnet: '127.11.1.0/24',
  tag: 'residential',
  capacity: 100,
  failure_rate: 0,
  weight: 1,
  ...more,
})

export const poolOf = (type: AssignmentConfig['type'], exits: readonly Exit[], perExit?: number): ExitPool =>
  new ExitPool(exits, createAssignment({ type }), perExit)

export const askOf = (more: Partial<Ask> = {}): Ask => ({ target, now_ms: 0, draw: 0, ...more })

export const letters = (count: number): string[] => [...'abcdefghijklmnopqrst'].slice(0, count)
