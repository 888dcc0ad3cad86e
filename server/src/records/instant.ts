import { AppError, instantOf } from '../base/index.ts'

/** An instant as somebody wrote it in a filter. Throws AppError `code`, which names the field and says how to write it. */
export function askedInstant(name: string, text: string, code = 'bad-filter'): Date {
  const date = instantOf(text)
  if (date) return date
  throw new AppError(code, `"${name}" is not an instant: ${text}`, 'Write it as ISO 8601, e.g. 2026-05-01T00:00:00Z.', {
    places: [{ at: name, message: 'must be an instant (ISO 8601)' }],
  })
}
