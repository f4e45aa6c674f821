/** Assignments: which of the exits that may be used gets this request. One file each. */
import type { KindOf } from '../../../lib/registry.js'
import type { Assignment } from './assignment.js'
import { health_weighted } from './health_weighted.js'
import { least_used } from './least_used.js'
import { random } from './random.js'
import { round_robin } from './round_robin.js'
import { sticky } from './sticky.js'

export type { Assignment, AssignmentFacts } from './assignment.js'

export const assignments = {
  random,
  round_robin,
  sticky,
  least_used,
  health_weighted,
}

export type AssignmentConfig = KindOf<typeof assignments>

export const createAssignment = ({ type }: AssignmentConfig): Assignment => assignments[type].create()
