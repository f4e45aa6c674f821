/** How a real proxy differs from what the catalogue expects: the shape of the tables beside. on_product.ts compares with it. */
export interface Differences {
  /** Why a scenario of the catalogue can't run on it. */
  skipped: Readonly<Record<string, string>>
  /** The checks that fail on it, by how their names begin; what it does instead is said beside each. */
  different: Readonly<Record<string, readonly string[]>>
  /** What comes out depends on more than the product. */
  either: Readonly<Record<string, string>>
  /** Every reason for which a check may be skipped here. */
  reasons: readonly RegExp[]
}

/** What no product but the mini proxy says. */
export const OWN_WORDS: readonly RegExp[] = [
  / sends no Proxy-Status$/,
  / has no X-Proxy-Error$/,
  / has no X-Proxy-Error and no details of ours$/,
  / has no details of ours$/,
  / tells nothing of single health checks$/,
  /^the log of \S+ \S+ has other words$/,
  / tells nothing of single health checks$/,
  /^the words in its log may mean another failure as well$/,
]
