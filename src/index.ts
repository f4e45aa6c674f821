/** The public API. */
export { type AuditOptions, audit } from './audit/audit.js'
export type { AuditResult, RuleResult } from './audit/result.js'
export type { RuleVerdict } from './audit/rule.js'
export { commandSubject } from './clients/command.js'
export type { Subject } from './clients/driver.js'
export type { ClientFunction } from './clients/function.js'
export { linesSubject } from './clients/lines.js'
export type { ErrorType } from './core/error_types.js'
export type { Failure, Manner, Stage } from './core/failure.js'
export { type Blame, type Layer, type ResponseHead, whoFailed } from './core/who_failed.js'
export type { JournalEvent } from './journal/events.js'
export type { Cell, Matrix, MatrixRow, Outcome } from './journal/matrix_result.js'
export type { Facts } from './journal/reduce.js'
export type {
  CheckResult,
  ClientMetrics,
  FaultResult,
  RunResult,
  ScenarioResult,
  ServerMetrics,
  Verdict,
} from './journal/result.js'
export type { AttemptFilter, SeenAttempt, SeenOperation } from './journal/seen.js'
export { CannotRunError, type Problem, ScenarioError } from './lib/errors.js'
export { type Rig, type RigFault, type RigInput, rig } from './rig.js'
export { type LoadedScenario, type RunOptions, run } from './run.js'
export { parseScenario } from './scenario/parse.js'
export type { Scenario, ScenarioInput } from './scenario/schema.js'
export { version } from './version.js'
