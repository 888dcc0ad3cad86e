import { AppError } from '../../base/pure.ts'

/** The message's own fault: it alone made its process fail. */
export class PoisonError extends Error {}

/** `code` of a DNS error, for the child. */
export const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'ESERVFAIL'

export const closedError = () =>
  new AppError('mail.parser.closed', 'the mail parser is closed', 'this happens only while the server stops', {
    status: 503,
  })

export const startError = (detail: string) =>
  new AppError(
    'mail.parser.start',
    `the processes that parse mail do not start: ${detail.trim().slice(-500)}`,
    'the account that parses must be able to read the program and its node_modules; see the message above',
    { status: 500 },
  )
