/**
 * What a preset is: a product's ways in one word, as the keys that a scenario could write itself. index.ts has the table;
 * expand.ts puts one beneath what a hop says. Values are as in YAML, before the schema.
 */

export interface Preset {
  /** One line for help and docs. */
  summary: string
  /**
   * Keys of the hop where it says nothing of them.
   * @param said what the hop says, as it was written: some defaults hang on other settings
   */
  hop(said: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>
  /** Keys of each of its servers where it says nothing of them. */
  server: Readonly<Record<string, unknown>>
}
