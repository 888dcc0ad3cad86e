import { AppError } from '../base/index.ts'
import type { Tx } from '../storage/index.ts'

const SUBJECT = {
  policy_version: 'policy was',
  mail_policies_version: 'policies were',
  retention_version: 'retention was',
} as const

/** 409 `version`: what was read is not what is there any more, and who has changed it. */
export async function changedMeanwhile(
  tx: Tx,
  table: keyof typeof SUBJECT,
  read: number,
  there: number,
): Promise<AppError> {
  const last = await tx.selectFrom(table).select('by').where('version', '=', there).executeTakeFirst()
  return meanwhile(SUBJECT[table], last?.by, read, there)
}

/** The same where it is known who was first; `by` undefined: nobody has saved anything yet. */
export const meanwhile = (subject: string, by: string | undefined, read: number, there: number, more = ''): AppError =>
  new AppError(
    'version',
    `The ${subject} changed meanwhile${by === undefined ? '' : ` by ${by}`}: version ${read} was read, version ${there} is there.`,
    `Read it again, apply your change to that, and save.${more}`,
    { status: 409 },
  )
