import type { SubmissionRow } from '../../api/types.ts'

/** Whose submissions are shown, by tab. */
export const TABS = { all: 'All', user: 'User reported', analyst: 'Submitted by analysts' } as const

/** What the address of the page carries; what is absent does not narrow. */
export interface SubmissionSearch {
  readonly as?: SubmissionRow['as']
  /** One submission: where a list entry that it made leads to. */
  readonly id?: string
}

/** Reads the page's address; what is not understood is left out. */
export function submissionSearch(raw: Readonly<Record<string, unknown>>): SubmissionSearch {
  const { as, id } = raw
  return {
    ...(as === 'user' || as === 'analyst' ? { as } : {}),
    ...(typeof id === 'string' && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id) ? { id } : {}),
  }
}
