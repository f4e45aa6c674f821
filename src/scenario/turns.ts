/** A scenario whose clients run in turn, as one scenario for each of them. run.ts runs them one after the other. */
import type { Scenario } from './schema.js'

/** The scenario itself where its clients run side by side. */
export function turnsOf(scenario: Scenario): readonly Scenario[] {
  if (!scenario.in_turn) return [scenario]
  return Object.entries(scenario.clients).map(([name, client]) => ({ ...scenario, clients: { [name]: client } }))
}
