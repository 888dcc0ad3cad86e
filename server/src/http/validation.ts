import type { FastifySchemaCompiler } from 'fastify'
import { IsOptional, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'
import { AppError } from '../base/index.ts'

interface Found {
  readonly instancePath: string
  readonly message: string
  readonly params?: object
}

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
    return { error: wrong(part, check.Errors(value)) }
  }
}

function wrong(part: string, errors: Iterable<Found>): AppError {
  const lines = [...errors].map((e) => {
    const where = [part, ...e.instancePath.split('/').slice(1)].join('.')
    return `${where} ${e.message}${extra(e.params)}`
  })
  return new AppError(
    'invalid-request',
    `The request is not valid: ${[...new Set(lines)].slice(0, 10).join('; ')}.`,
    'See /api/v1/openapi.json for what each request takes.',
    { status: 422 },
  )
}

function extra(params: object | undefined): string {
  if (!params) return ''
  const names: unknown =
    Reflect.get(params, 'additionalProperties') ??
    Reflect.get(params, 'requiredProperties') ??
    Reflect.get(params, 'allowedValues')
  return Array.isArray(names) ? ` (${names.map(String).join(', ')})` : ''
}
