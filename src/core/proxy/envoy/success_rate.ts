/**
 * Which servers did worse than the others in an interval, as Envoy compares them (outlier_detection_impl.cc,
 * processSuccessRateEjections). Outlier detection asks it at every interval; it knows counts only.
 */

/** What one server did in the interval. */
export interface Sample {
  total: number
  good: number
}

export interface RateLimits {
  successRate: { hosts: number; volume: number; deviations: number }
  /** `percent`: of failures, from which it is an outlier. */
  failures: { hosts: number; volume: number; percent: number }
}

export interface Failing {
  /** Indexes of those far below the mean. */
  low: number[]
  /** Indexes of those that failed too often, whatever the others did. */
  often: number[]
}

/**
 * @param samples by server; undefined for one that does not take part
 * @param members all servers in the list, whether or not they take part
 */
export function failing(samples: readonly (Sample | undefined)[], members: number, limits: RateLimits): Failing {
  const { successRate, failures } = limits
  if (members < successRate.hosts && members < failures.hosts) return { low: [], often: [] }
  const rated = samples.flatMap((sample, index) => {
    return sample && sample.total > 0 ? [{ index, total: sample.total, rate: (sample.good * 100) / sample.total }] : []
  })
  const compared = rated.filter(({ total }) => total >= successRate.volume)
  const counted = rated.filter(({ total }) => total >= failures.volume)
  const threshold = lowest(
    compared.map(({ rate }) => rate),
    successRate.deviations,
  )
  return {
    low: enough(compared, successRate.hosts)
      .filter(({ rate }) => rate < threshold)
      .map(({ index }) => index),
    often: enough(counted, failures.hosts)
      .filter(({ rate }) => 100 - rate >= failures.percent)
      .map(({ index }) => index),
  }
}

const enough = <Rated>(rated: Rated[], least: number): Rated[] => (rated.length >= least ? rated : [])

/** The mean less so many standard deviations of the population: 52 for 50 and four times 100, with 1.9. */
export function lowest(rates: readonly number[], deviations: number): number {
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length
  const variance = rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / rates.length
  return mean - deviations * Math.sqrt(variance)
}
