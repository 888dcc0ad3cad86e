import type { TSchema } from 'typebox'
import { parseJson, UnclearJson } from '../json.ts'

/** What we read of a schema; keys beyond JSON Schema: `secret: true` masks the value wherever it is shown. */
interface Shape {
  readonly type?: string
  readonly properties?: Readonly<Record<string, TSchema>>
  readonly required?: readonly string[]
  readonly anyOf?: readonly TSchema[]
  readonly items?: TSchema
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly description?: string
  readonly secret?: boolean
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly minItems?: number
  readonly pattern?: string
}

export const shapeOf = (schema: TSchema): Shape => schema

/** The properties of a group of settings: an object, or all of a union's objects; null for a single value. */
export function group(schema: TSchema): ReadonlyMap<string, TSchema> | null {
  const { properties, anyOf } = shapeOf(schema)
  if (properties) return new Map(Object.entries(properties))
  if (!anyOf || anyOf.length === 0 || !anyOf.every((one) => shapeOf(one).properties)) return null
  return new Map(anyOf.flatMap((one) => [...(group(one) ?? [])]))
}

/** For a union of objects: the property whose fixed value says which of them is meant, and the variants by that value. */
export function variants(schema: TSchema): { readonly by: string; readonly of: ReadonlyMap<unknown, TSchema> } | null {
  const { anyOf } = shapeOf(schema)
  if (!anyOf || !group(schema)) return null
  const fixed = (one: TSchema, key: string) => {
    const property = shapeOf(one).properties?.[key]
    return property ? shapeOf(property).const : undefined
  }
  const first = anyOf[0]
  const by = Object.keys((first && shapeOf(first).properties) ?? {}).find((key) =>
    anyOf.every((one) => fixed(one, key) !== undefined),
  )
  return by === undefined ? null : { by, of: new Map(anyOf.map((one) => [fixed(one, by), one])) }
}

/** `http.port` → `RECOURSE_HTTP_PORT`, `dataDir` → `RECOURSE_DATA_DIR`. */
export const envName = (path: readonly string[]): string =>
  `RECOURSE_${path.map((part) => part.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()).join('_')}`

/** What a value may be, in words. */
export function allowed(schema: TSchema): string {
  const s = shapeOf(schema)
  if (s.const !== undefined) return JSON.stringify(s.const)
  if (s.enum) return `one of ${s.enum.map((v) => JSON.stringify(v)).join(', ')}`
  if (s.anyOf) return oneOf(s.anyOf)
  if (s.type === 'integer' || s.type === 'number') return number(s)
  if (s.type === 'boolean') return 'true or false'
  if (s.type === 'null') return 'nothing (null)'
  if (s.type === 'array') return list(s)
  if (s.type === 'object') return 'an object'
  if (s.type === 'string') return s.pattern ? `text like ${s.pattern}` : s.minLength ? 'text, not empty' : 'text'
  return 'a value'
}

function list({ items, minItems = 0 }: Shape): string {
  const some = minItems > 0 ? 'a list, not empty' : 'a list'
  return items ? `${some}, each ${allowed(items)}` : some
}

function oneOf(options: readonly TSchema[]): string {
  return options.every((o) => shapeOf(o).const !== undefined)
    ? `one of ${options.map((o) => JSON.stringify(shapeOf(o).const)).join(', ')}`
    : options.map(allowed).join(', or ')
}

function number(s: Shape): string {
  const kind = s.type === 'integer' ? 'a whole number' : 'a number'
  if (s.exclusiveMinimum !== undefined) return `${kind} above ${s.exclusiveMinimum}, at most ${s.maximum}`
  if (s.minimum !== undefined && s.maximum !== undefined) return `${kind} from ${s.minimum} to ${s.maximum}`
  if (s.minimum !== undefined) return `${kind} of at least ${s.minimum}`
  return s.maximum === undefined ? kind : `${kind} of at most ${s.maximum}`
}

/** A setting written as text in the environment, as the value that its schema means; the text itself where it does not fit. Throws `UnclearJson`. */
export function fromText(schema: TSchema, text: string): unknown {
  const s = shapeOf(schema)
  const types = s.anyOf ? s.anyOf.map((one) => shapeOf(one).type) : [s.type]
  const wants = (type: string) => types.includes(type)
  if (text === '' && wants('null')) return null
  if ((wants('integer') || wants('number')) && /^-?\d+(\.\d+)?$/.test(text.trim())) return Number(text)
  if (wants('boolean') && /^(true|false)$/.test(text.trim())) return text.trim() === 'true'
  if (wants('array') || wants('object')) return listOrJson(text, s.items ? shapeOf(s.items).type : undefined)
  return text
}

function listOrJson(text: string, of: string | undefined): unknown {
  if (/^\s*[[{]/.test(text)) {
    try {
      return parseJson(text)
    } catch (error) {
      if (error instanceof UnclearJson) throw error
      return text
    }
  }
  const parts = text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]))
  return of === 'integer' || of === 'number' ? parts.map((part) => (part === '' ? part : Number(part))) : parts
}
