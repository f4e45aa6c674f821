/// <reference path="./jstat.d.ts" />
/**
 * Means of a few repeated measurements, and how far a difference of two can be trusted: Student's t with 95 % (Law,
 * Simulation Modeling and Analysis, 5th edition 2015, sections 9.4 and 10.2). Rankings and `compare` call it.
 */
import jstat from 'jstat'

/** The natural logarithm of the gamma function, for x above 0. */
export const logGamma = (x: number): number => jstat.gammaln(x)

export interface Difference {
  /** Mean of the second less mean of the first. */
  difference: number
  /** The 95 % confidence interval; null with too few measurements to tell. */
  ci95: [low: number, high: number] | null
}

export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length

/** With n - 1 in the denominator. */
export function varianceOf(values: readonly number[]): number {
  const mean = meanOf(values)
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
}

/** Of measurements that belong together one by one: same seed, same tape. What both suffer alike cancels out. */
export function pairedDifference(first: readonly number[], second: readonly number[]): Difference {
  const differences = second.map((value, index) => value - first[index]!)
  const difference = meanOf(differences)
  if (differences.length < 2) return { difference, ci95: null }
  const error = Math.sqrt(varianceOf(differences) / differences.length)
  return { difference, ci95: around(difference, error, differences.length - 1) }
}

/** Of independent measurements whose variances may differ (Welch, 1947). */
export function welchDifference(first: readonly number[], second: readonly number[]): Difference {
  const difference = meanOf(second) - meanOf(first)
  if (first.length < 2 || second.length < 2) return { difference, ci95: null }
  const [a, b] = [varianceOf(first) / first.length, varianceOf(second) / second.length]
  // As shares, so that no square of a small number is lost.
  const degrees = 1 / ((a / (a + b)) ** 2 / (first.length - 1) + (b / (a + b)) ** 2 / (second.length - 1))
  return { difference, ci95: around(difference, Math.sqrt(a + b), degrees) }
}

function around(difference: number, error: number, degrees: number): [number, number] {
  // Without any variance the degrees of freedom are 0/0.
  if (error === 0) return [difference, difference]
  const half = tQuantile(0.975, degrees) * error
  return [difference - half, difference + half]
}

export const tQuantile = (p: number, degrees: number): number => jstat.studentt.inv(p, degrees)
