/** What is used of jstat, which brings no types. */
declare module 'jstat' {
  const jstat: {
    studentt: {
      /** The quantile of Student's t: p in (0, 1), degrees of freedom above 0, not only whole ones. */
      inv(p: number, degrees: number): number
    }
    /** The natural logarithm of the gamma function, for x above 0. */
    gammaln(x: number): number
  }
  export default jstat
}
