/** What a balancer is: the kinds beside it make one, `forward` asks it. */

/** A balancer with its memory; lives as long as its proxy. */
export interface Balancer {
  /** An index below `count` for which `eligible` holds, or undefined when there is none. */
  pick(count: number, eligible: (index: number) => boolean): number | undefined
}
