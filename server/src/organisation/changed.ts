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
  return new AppError(
    'version',
    `The ${SUBJECT[table]} changed meanwhile${last ? ` by ${last.by}` : ''}: version ${read} was read, version ${there} is there.`,
    'Read it again, apply your change to that, and save.',
    { status: 409 },
  )
}
