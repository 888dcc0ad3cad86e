import { type Command, Option } from 'commander'
import type { Static } from 'typebox'
import { AppError } from '../../base/index.ts'
import { connectClient } from '../client.ts'
import { json, line, plain, table, time } from '../out.ts'
import { Entry, EntryEffect, listOf } from '../shapes.ts'

interface Json {
  readonly json?: true
}
const KINDS = ['sender', 'sender-domain', 'url', 'url-domain', 'file-hash', 'sender-ip']

/** The Tenant Allow/Block List. */
export function entryCommands(root: Command): void {
  const command = root.command('entry').description('allow and block entries')
  command
    .command('add')
    .argument('<action>', 'allow or block')
    .argument('<kind>', KINDS.join(', '))
    .argument('<value>')
    .option('--days <n>', 'days until it ends; "never" where that is allowed', '30')
    .option('--note <text>', 'why')
    .option('--preview', 'only show what it would change in the past')
    .description('make an entry')
    .action(add)
  command
    .command('list', { isDefault: true })
    .addOption(new Option('--state <state>').choices(['active', 'expired', 'removed']))
    .option('--limit <n>', 'how many', '100')
    .description('newest first')
    .action(async (options: Json & { state?: string; limit: string }) => {
      const page = await connectClient().call(listOf(Entry), 'GET', '/entries', undefined, {
        state: options.state,
        limit: options.limit,
      })
      if (options.json) return json(page)
      table(
        page.items,
        [
          ['ID', (e) => e.id],
          ['ACTION', (e) => e.action],
          ['KIND', (e) => e.kind],
          ['VALUE', (e) => e.value, 60],
          ['STATE', (e) => e.state],
          ['UNTIL', (e) => until(e)],
          ['MATCHES', (e) => e.matches],
          ['LAST MATCH', (e) => (e.lastMatchedAt ? time(e.lastMatchedAt) : 'none yet')],
          ['BY', (e) => e.createdBy],
          ['NOTE', (e) => e.note],
        ],
        'No entries.',
      )
    })
  command
    .command('remove')
    .argument('<id>')
    .description('take an entry off the list; what it decided stays explained')
    .action(async (id: string, options: Json) => {
      const answer = await connectClient().raw('DELETE', `/entries/${encodeURIComponent(id)}`)
      if (options.json) json(answer ?? { id, removed: true })
      else line('Removed.')
    })
}

async function add(
  action: string,
  kind: string,
  value: string,
  options: Json & { days: string; note?: string; preview?: true },
): Promise<void> {
  if (!['allow', 'block'].includes(action) || !KINDS.includes(kind))
    throw new AppError(
      'usage',
      `"${action} ${kind}" is no entry.`,
      `recourse entry add allow|block ${KINDS.join('|')} VALUE`,
    )
  const days = options.days === 'never' ? null : Number(options.days)
  if (days !== null && !Number.isInteger(days))
    throw new AppError('usage', `--days ${options.days} is no number.`, 'Give whole days, or never.')
  const body = { action, kind, value, expiresInDays: days, ...(options.note ? { note: options.note } : {}) }
  const client = connectClient()
  if (options.preview) return preview(await client.call(EntryEffect, 'POST', '/entries/preview', body), options)
  const made = await client.call(Entry, 'POST', '/entries', body)
  if (options.json) return json(made)
  line(plain(`${made.action} ${made.kind} ${made.value}, until: ${until(made)} (${made.id})`))
}

/** No end is said as that: a dash could mean that nobody knows. */
const until = ({ expiresAt }: Static<typeof Entry>): string => (expiresAt ? time(expiresAt) : 'never ends')

function preview(effect: Static<typeof EntryEffect>, options: Json) {
  if (options.json) return json(effect)
  line(`It matches ${effect.matching} messages of the past; ${effect.flips} would be judged otherwise.`)
  for (const { label } of effect.now) line(`At this moment: ${plain(label)} (the entry alone does not do that).`)
  if (effect.sample.length === 0) return
  table(effect.sample, [
    ['RECEIVED', (m) => time(m.receivedAt)],
    ['FROM', (m) => m.senderAddress, 36],
    ['SUBJECT', (m) => m.subject, 50],
    ['WAS', (m) => `${m.from.threat}, ${m.from.placement}`],
    ['WOULD BE', (m) => `${m.to.threat}, ${m.to.placement}`],
  ])
}
