import { randomUUID } from 'node:crypto'

/** Texts that are right in JSON and cannot be stored, or only with care. */
export const hostileTexts = [
  '\0',
  'a\ud800b',
  '"; drop table message; --',
  '=cmd|calc',
  '\u202e\u0007\x1b[2J',
  'x'.repeat(900),
]

type Schema = Readonly<Record<string, unknown>>

/** Bodies that a schema takes, every text in them being `text` where its form allows that: all parts, and the required ones only. */
export function hostileBodies(schema: unknown, text: string): unknown[] {
  return [true, false].map((optional) => fill(schema as Schema, text, optional))
}

function fill(schema: Schema, text: string, optional: boolean): unknown {
  const union = (schema['anyOf'] ?? schema['oneOf']) as Schema[] | undefined
  if (union) return fill(union[0] ?? {}, text, optional)
  if (schema['const'] !== undefined) return schema['const']
  if (Array.isArray(schema['enum'])) return schema['enum'][0]
  switch (schema['type']) {
    case 'object':
      return object(schema, text, optional)
    case 'array':
      return [fill((schema['items'] ?? {}) as Schema, text, optional)]
    case 'integer':
    case 'number':
      return schema['maximum'] ?? schema['minimum'] ?? Number.MAX_SAFE_INTEGER
    case 'boolean':
      return true
    case 'null':
      return null
    default:
      return schema['format'] === 'date-time'
        ? '2026-01-01T00:00:00Z'
        : schema['format'] === 'uuid' || schema['pattern'] !== undefined
          ? randomUUID()
          : text
  }
}

function object(schema: Schema, text: string, optional: boolean): unknown {
  const required = (schema['required'] ?? []) as string[]
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Schema>)
  return Object.fromEntries(
    properties
      .filter(([key]) => optional || required.includes(key))
      .map(([key, inner]) => [key, fill(inner, text, optional)]),
  )
}
