import type { FastifySchemaCompiler } from 'fastify'
import { IsOptional, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import Format from 'typebox/format'
import { Value } from 'typebox/value'
import { AppError, instantOf, told, type WrongPlace, type WrongValue } from '../base/index.ts'

// Leap seconds are instants by the rule, and none for a Date.
Format.Set('date-time', (text) => Format.IsDateTime(text) && instantOf(text) !== null)

/**
 * Checks requests by the routes' own schemas. Only what arrives as text (query, path, headers) is converted to numbers, booleans and
 * lists; a body means what it says. All that is wrong is told at once, with its place.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = Compile(schema)
  const part = httpPart ?? 'request'
  return (given: unknown) => {
    if (part === 'body' && (given === undefined || given === null) && IsOptional(schema)) return { value: undefined }
    const value = part === 'body' ? given : Value.Convert(schema, Value.Default(schema, structuredClone(given)))
    if (check.Check(value)) return { value }
    return { error: wrong(part, schema, chosen([...check.Errors(value)])) }
  }
}

/** Where a value is none of those that its schema names, that is told once, with all of them, instead of each that it is not. */
function chosen(errors: readonly WrongValue[]): WrongValue[] {
  const byPlace = Map.groupBy(errors, (e) => e.instancePath)
  return [...byPlace.values()].flatMap((all) => {
    const union = all.find((e) => e.keyword === 'anyOf')
    const constants = all.filter((e) => e.keyword === 'const').map((e) => Reflect.get(e.params ?? {}, 'allowedValue'))
    if (!union || constants.length === 0) return all
    const others = all.filter((e) => e !== union && e.keyword !== 'const')
    const values = [...new Set(constants.map(String))].join(', ')
    return [{ ...union, keyword: 'const', message: `must be one of ${values}` }, ...others]
  })
}

function wrong(part: string, schema: TSchema, errors: readonly WrongValue[]): AppError {
  const lines = errors.map((e) => `${[part, ...pathOf(e)].join('.')} ${told(schema, e)}`)
  return new AppError(
    'invalid-request',
    `The request is not valid: ${[...new Set(lines)].slice(0, 10).join('; ')}.`,
    'See /api/v1/openapi.json for what each request takes.',
    { status: 422, places: placesOf(schema, errors) },
  )
}

const pathOf = (e: WrongValue): string[] => e.instancePath.split('/').slice(1)

/** Of a value that may be one or several, what is wrong with it, not that it is neither. */
function placesOf(schema: TSchema, errors: readonly WrongValue[]): WrongPlace[] {
  const named = Map.groupBy(
    errors.filter((e) => e.instancePath !== ''),
    (e) =>
      pathOf(e)
        .join('.')
        .replace(/\.\d+$/, ''),
  )
  return [...named].slice(0, 10).map(([at, all]) => {
    const own = all.filter((e) => e.keyword !== 'type' && e.keyword !== 'anyOf')
    const messages = (own.length > 0 ? own : all).map((e) => told(schema, e))
    return { at, message: [...new Set(messages)].slice(0, 3).join('; ') }
  })
}
