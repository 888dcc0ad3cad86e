import type { TSchema } from 'typebox'

/** What a schema finds wrong with a value. */
export interface WrongValue {
  readonly keyword: string
  readonly schemaPath: string
  readonly instancePath: string
  readonly message: string
  readonly params?: object
}

/** A pattern or the name of a format is no text for people: what its schema says that it means is told, or what we call it. */
export function told(schema: TSchema, e: WrongValue): string {
  if (e.keyword === 'pattern') return meaningOf(schema, e, Reflect.get(e.params ?? {}, 'pattern'), PATTERNS)
  if (e.keyword === 'format') return meaningOf(schema, e, Reflect.get(e.params ?? {}, 'format'), FORMATS)
  return `${e.message}${extra(e.params)}`
}

type Meanings = Readonly<Record<string, string>>
const PATTERNS: Meanings = { '\\S': 'must not be blank' }
const FORMATS: Meanings = {
  uuid: 'must be an ID as in the addresses of pages: 32 hexadecimal digits, with hyphens after 8, 12, 16 and 20',
  'date-time': 'must be an instant, like 2026-05-01T00:00:00Z',
}

function meaningOf(schema: TSchema, e: WrongValue, of: unknown, meanings: Meanings): string {
  const own = descriptionAt(schema, e.schemaPath)
  return own === undefined ? (meanings[String(of)] ?? 'is not in the form that is expected') : `must be ${own}`
}

function descriptionAt(schema: TSchema, path: string): string | undefined {
  let at: unknown = schema
  for (const key of path.split('/').slice(1)) at = typeof at === 'object' && at !== null ? Reflect.get(at, key) : null
  const text: unknown = typeof at === 'object' && at !== null ? Reflect.get(at, 'description') : undefined
  return typeof text === 'string' ? text : undefined
}

function extra(params: object | undefined): string {
  if (!params) return ''
  const names: unknown =
    Reflect.get(params, 'additionalProperties') ??
    Reflect.get(params, 'requiredProperties') ??
    Reflect.get(params, 'allowedValues')
  return Array.isArray(names) ? ` (${names.map(String).join(', ')})` : ''
}
