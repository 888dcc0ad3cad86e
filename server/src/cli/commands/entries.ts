import { type Command, Option } from 'commander'
import type { Static } from 'typebox'
import { AppError } from '../../base/index.ts'
import type { EntryKind } from '../../lists/pure.ts'
import { daysOrNever, instant, type Json } from '../arguments.ts'
import { connectClient } from '../client.ts'
import { json, line, plain, table, time } from '../out.ts'
import { Entry, EntryEffect, EntryOutcomes, listOf } from '../shapes.ts'

interface ListOptions extends Json {
  readonly state?: string
  readonly action?: string
  readonly kind?: string
  readonly text?: string
  readonly by?: string
  readonly neverEnds?: true
  readonly endsBefore?: string
  readonly unusedSince?: string
  readonly limit: string
}

/** As a type only: a command does not wait for the room of lists to load. */
const KINDS = Object.keys({
  sender: 1,
  'sender-domain': 1,
  spoof: 1,
  url: 1,
  'url-domain': 1,
  'file-hash': 1,
  'sender-ip': 1,
} satisfies Record<EntryKind, 1>)

/** The Tenant Allow/Block List. */
export function entryCommands(root: Command): void {
  const command = root.command('entry').description('allow and block entries')
  command
    .command('add')
    .argument('<action>', 'allow or block')
    .argument('<kind>', KINDS.join(', '))
    .argument('<value...>', 'one or more of that kind')
    .option(
      '--days <n>',
      'days until it ends; "never" where that is allowed; without it 30, of addresses and spoofed senders never',
    )
    .option('--note <text>', 'why')
    .option('--preview', 'only show what it would change in the past')
    .description('make an entry, or one for each value')
    .action(add)
  command
    .command('list', { isDefault: true })
    .addOption(new Option('--state <state>').choices(['active', 'expired', 'removed']))
    .addOption(new Option('--action <action>').choices(['allow', 'block']))
    .addOption(new Option('--kind <kind>').choices(KINDS))
    .option('--text <part>', 'part of the value or note')
    .option('--by <name>', 'part of the name of who changed it last')
    .option('--never-ends', 'only those without end')
    .option('--ends-before <time>', 'only those that end before')
    .option('--unused-since <time>', 'only those that have decided nothing since')
    .option('--limit <n>', 'how many', '100')
    .description('newest first')
    .action(async (options: ListOptions) => {
      const page = await connectClient().call(listOf(Entry), 'GET', '/entries', undefined, {
        ...{ state: options.state, action: options.action, kind: options.kind, q: options.text, by: options.by },
        ...{ neverEnds: options.neverEnds, endsBefore: at('ends-before', options.endsBefore) },
        unusedSince: at('unused-since', options.unusedSince),
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
          ['OVERRIDES', (e) => e.overrides],
          ['UNTIL', (e) => until(e)],
          ['MATCHES', (e) => e.matches],
          ['LAST MATCH', (e) => (e.lastMatchedAt ? time(e.lastMatchedAt) : 'none yet')],
          ['BY', (e) => e.modifiedBy],
          ['NOTE', (e) => e.note],
        ],
        'No entries.',
      )
    })
  command
    .command('remove')
    .argument('<id...>')
    .description('take entries off the list; what they decided stays explained')
    .action(async (ids: string[], options: Json) => {
      const done = await connectClient().call(EntryOutcomes, 'POST', '/entries/remove', { ids })
      report(done, options, (e) => `Removed: ${e.action} ${e.kind} ${e.value}`)
    })
}

async function add(
  action: string,
  kind: string,
  values: readonly string[],
  options: Json & { days?: string; note?: string; preview?: true },
): Promise<void> {
  if (!['allow', 'block'].includes(action) || !KINDS.includes(kind))
    throw new AppError(
      'usage',
      `"${action} ${kind}" is no entry.`,
      `recourse entry add allow|block ${KINDS.join('|')} VALUE`,
    )
  const days = options.days === undefined ? {} : { expiresInDays: daysOrNever('days', options.days) }
  const body = { action, kind, ...days, ...(options.note ? { note: options.note } : {}) }
  const client = connectClient()
  const [value] = values
  if (options.preview) {
    if (values.length > 1) throw new AppError('usage', '--preview takes one value.', 'Try them one after the other.')
    return preview(await client.call(EntryEffect, 'POST', '/entries/preview', { ...body, value }), options)
  }
  const said = (e: Static<typeof Entry>) => `${e.action} ${e.kind} ${e.value}, until: ${until(e)} (${e.id})`
  if (values.length > 1)
    return report(await client.call(EntryOutcomes, 'POST', '/entries/add', { ...body, values }), options, said)
  const made = await client.call(Entry, 'POST', '/entries', { ...body, value })
  if (options.json) return json(made)
  line(plain(said(made)))
}

/** A line for each; the command has failed when one of them has. */
function report(
  { results }: Static<typeof EntryOutcomes>,
  options: Json,
  said: (entry: Static<typeof Entry>) => string,
): void {
  if (results.some((r) => r.status === 'failed')) process.exitCode = 1
  if (options.json) {
    json({ results })
    return
  }
  for (const { of, status, entry, error } of results)
    line(
      plain(entry ? said(entry) : `${status === 'skipped' ? 'Skipped' : 'Not done'}: ${of}: ${error?.message ?? ''}`),
    )
}

const at = (option: string, text: string | undefined): string | undefined =>
  text === undefined ? undefined : instant(option, text)

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
