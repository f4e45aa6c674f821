/** What each product answers for a mishap, and what a status of it can mean: the tables of statuses, read both ways. explain.ts asks. */
import { type Mishap, mishaps } from './mishaps.js'
import type { Product } from './product.js'
import { productNames, products } from './products/index.js'

/** One mishap in the statuses of all products. */
export interface Elsewhere {
  mishap: Mishap
  summary: string
  /** Titles of products by what the client gets from them: a status, `200 cut`, `accepted`, `none`. */
  statuses: Readonly<Record<string, readonly string[]>>
}

/** Own answers first, then what a server behind it may have said itself; empty where this product has no such status. */
export function mishapsOfStatus({ statuses }: Product, status: string): Mishap[] {
  const own = Object.entries(statuses).flatMap(([said, meant]) => (said.split(' ')[0] === status ? [...meant] : []))
  const passes = Object.keys(statuses).length > 0
  return passes ? [...own, ...passedAs(status)] : own
}

function passedAs(status: string): Mishap[] {
  if (status === '500' || status === '502' || status === '503' || status === '504') return [`passed_${status}`]
  return status === '400' || status === '404' || status === '411' ? ['passed_4xx'] : []
}

export const causesOfStatus = (answered: readonly Mishap[]): string[] => [
  ...new Set(answered.flatMap((mishap) => [...mishaps[mishap].causes])),
]

/** Statuses that this product has for it, in the order of its table. */
export const statusesFor = ({ statuses }: Product, mishap: Mishap): string[] =>
  Object.entries(statuses).flatMap(([status, meant]) => (meant.includes(mishap) ? [status] : []))

/** Where products disagree is what makes a status alone say little. */
export const elsewhere = (names: readonly Mishap[]): Elsewhere[] =>
  names.map((mishap) => {
    const said = productNames.flatMap((name) => {
      const product: Product = products[name]
      return statusesFor(product, mishap).map((status) => ({ status, title: product.title }))
    })
    const statuses = Object.fromEntries(
      [...new Set(said.map(({ status }) => status))].map((status) => [
        status,
        said.flatMap((each) => (each.status === status ? [each.title] : [])),
      ]),
    )
    return { mishap, summary: mishaps[mishap].summary, statuses }
  })
