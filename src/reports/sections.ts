/**
 * The sections of the catalogue, by the tag that puts a scenario into one. The text report, the table of causes and
 * the command line group by them; scenarios of a user's own need no such tag.
 */

/** In the order in which they are shown. */
export const sections = {
  connect: 'Reaching the origin',
  tls: 'TLS between proxy and origin',
  response: 'A broken response',
  slow: 'Too slow',
  overload: 'Overload and limits',
  balance: 'Load balancing and health',
  scraping: 'The scraping path: gateway, exit nodes, firewall',
  edge: 'A public edge in front of the origin',
  request: 'Requests that strict origins cut off',
  'look-alike': 'Look-alikes that must be told apart',
  policy: 'What retry policies do',
  lesson: 'What guides claim, measured',
  classic: 'Published models',
} as const

export type Section = keyof typeof sections

const words = Object.keys(sections) as Section[]

/** The tags among these that are sections; a scenario of the catalogue has exactly one. */
export const sectionsOf = (tags: readonly string[]): Section[] => words.filter((word) => tags.includes(word))

export interface Group<Item> {
  /** Absent where nothing is grouped. */
  section?: Section
  items: Item[]
}

/** By section, in the order of the sections; one group without a section unless every item has just one, and they differ. */
export function bySection<Item>(items: readonly Item[], tagsOf: (item: Item) => readonly string[]): Group<Item>[] {
  const found = items.map((item) => sectionsOf(tagsOf(item)))
  const every = found.every((each) => each.length === 1)
  const used = words.filter((word) => found.some(([only]) => only === word))
  if (!every || used.length < 2) return [{ items: [...items] }]
  return used.map((section) => ({ section, items: items.filter((_item, index) => found[index]![0] === section) }))
}
