/** The words of products: what `badgateway explain` and other rooms may ask. */
export { type Elsewhere, elsewhere, statusesFor } from './answers.js'
export { type Explanation, explainWords, type Meaning, nearestWord, type RankedCause } from './explain.js'
export { isPhrase } from './matching.js'
export { mishapOf } from './mishap_of.js'
export { type Mishap, mishapNames, mishaps } from './mishaps.js'
export type { Product, Word } from './product.js'
export { type ProductName, productNames, products } from './products/index.js'
