import { type Command, Option } from 'commander'
import type { Json } from '../arguments.ts'
import { connectClient } from '../client.ts'
import { json, line, table, time } from '../out.ts'

interface Asked extends Json {
  id?: string
  message?: string
  as?: string
  opinion?: string
  limit: string
  cursor?: string
}

export function submissionCommands(root: Command): void {
  root
    .command('submissions')
    .description('what people said about verdicts, newest first')
    .option('--id <submission>', 'this one alone, as a list entry names it')
    .option('--message <id>', 'about this message')
    .addOption(new Option('--as <who>', 'reports of users, or submissions of analysts').choices(['user', 'analyst']))
    .addOption(
      new Option('--opinion <what>', 'what should have happened').choices([
        'should-have-been-blocked',
        'should-not-have-been-blocked',
      ]),
    )
    .option('--limit <n>', 'how many (at most 500)', '50')
    .option('--cursor <cursor>', 'go on where an earlier answer ended')
    .action(submissions)
}

async function submissions({ json: asJson, message, ...asked }: Asked): Promise<void> {
  const query = Object.fromEntries(
    Object.entries({ ...asked, messageId: message }).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, String(value)]],
    ),
  )
  const { SubmissionPage } = await import('../../submissions/index.ts')
  const page = await connectClient().call(SubmissionPage, 'GET', '/submissions', undefined, query)
  if (asJson) return json(page)
  table(
    page.items,
    [
      ['ID', (s) => s.id],
      ['SUBMITTED', (s) => time(s.createdAt)],
      ['AS', (s) => s.as],
      ['BY', (s) => s.by, 32],
      ['SHOULD', (s) => (s.opinion === 'should-have-been-blocked' ? 'have been blocked' : 'not have been blocked')],
      ['RESULT', (s) => s.result, 40],
      ['SUBJECT', (s) => s.subject, 60],
    ],
    'Nothing was reported.',
  )
  if (page.next) line(`More: --cursor ${page.next}`)
}
