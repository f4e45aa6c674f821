/**
 * The published JSON Schema of scenario files, for editors and for programs in other languages. .ci/schema.mjs writes
 * it to schema/. It says what the schema says; what references.ts checks it can't.
 */
import { z } from 'zod'
import { checks } from '../checks/index.js'
import { scenarioSchema } from './schema.js'

export function scenarioJsonSchema(): Record<string, unknown> {
  const summaries = new Map<unknown, string>(Object.values(checks).map(({ schema, summary }) => [schema, summary]))
  const schema = z.toJSONSchema(scenarioSchema, {
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      const summary = summaries.get(zodSchema)
      if (summary !== undefined) jsonSchema.description = summary
      // What an nginx configuration says need not be written; see nginx_conf.ts.
      if (kindOf(jsonSchema) === 'proxy') {
        jsonSchema.required = jsonSchema.required?.filter((key) => key !== 'to')
        jsonSchema.anyOf = [{ required: ['to'] }, { required: ['nginx'] }]
      }
      // No limit of ours: zod says so of every whole number.
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
    },
  })
  const heading = {
    $id: 'urn:badgateway:scenario',
    title: 'badgateway scenario',
    description: 'The hops of a path, the clients that use it, the faults that happen, and what must hold',
  }
  return { ...heading, ...schema }
}

/** The word that an object is told by, if it is a hop. */
const kindOf = ({ properties }: z.core.JSONSchema.BaseSchema): unknown =>
  typeof properties?.kind === 'object' ? properties.kind.const : undefined
