import { existsSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { AppError } from '../../base/index.ts'
import { daysOrNever, instant, type Json, split, whole } from '../arguments.ts'
import { connectClient } from '../client.ts'
import { camel } from '../filter.ts'
import { bold, facts, json, line, plain, table, time } from '../out.ts'
import { Blocked, Done, Held, Plan, Results } from '../quarantine-shapes.ts'
import { listOf } from '../shapes.ts'

/** Options of a filter, by the name that the API gives them. */
const FILTERS = [
  ['from', 'from', 'received at or after (ISO 8601 instant or date)'],
  ['to', 'to', 'received before'],
  ['expires-from', 'expiresFrom', 'expires at or after'],
  ['expires-to', 'expiresTo', 'expires before'],
  ['reason', 'reason', 'malware, phish, spam, admin-action, …; several with commas'],
  ['policy-type', 'policyType', 'anti-malware, anti-spam, anti-phishing, …'],
  ['status', 'status', 'needs-review, denied, released, deleted, expired'],
  ['sender', 'sender', 'address'],
  ['recipient', 'recipient', 'envelope address or mailbox'],
  ['subject', 'subject', 'text in the subject'],
  ['message-id', 'messageId', 'Internet or network message ID'],
  ['direction', 'direction', 'inbound, internal, outbound'],
] as const
const SINGLE: ReadonlySet<string> = new Set(['from', 'to', 'expiresFrom', 'expiresTo', 'subject'])
const INSTANTS: ReadonlySet<string> = new Set(['from', 'to', 'expiresFrom', 'expiresTo'])

type Options = Json & Readonly<Record<string, string | true | undefined>>

const withFilter = (command: Command): Command => {
  for (const [name, , what] of FILTERS) command.option(`--${name} <value>`, what)
  return command.option('--reported', 'only what somebody reported')
}

function filterOf(options: Options): Record<string, string | string[] | boolean> {
  const filter: Record<string, string | string[] | boolean> = {}
  for (const [name, key] of FILTERS) {
    const value = options[camel(name)]
    if (typeof value !== 'string') continue
    filter[key] = INSTANTS.has(key) ? instant(name, value) : SINGLE.has(key) ? value : split(value)
  }
  if (options['reported'] === true) filter['reported'] = true
  return filter
}

/** Messages by ID, or all that match the filter's options. */
function selectOf(ids: readonly string[], options: Options): Record<string, unknown> {
  const filter = filterOf(options)
  if (ids.length > 0 && Object.keys(filter).length > 0)
    throw new AppError('usage', 'Both IDs and a filter are given.', 'Give one of them.')
  if (ids.length > 0) return { messageIds: ids }
  if (Object.keys(filter).length > 0) return { filter }
  throw new AppError('usage', 'Say which messages are meant.', 'Give their IDs, or a filter such as --reason spam.')
}

const recipientsOf = ({ toRecipient }: Options): object =>
  typeof toRecipient === 'string' ? { recipients: split(toRecipient) } : {}

export function quarantineCommands(root: Command): void {
  const command = root.command('quarantine').description('messages that are held')
  withFilter(command.command('list', { isDefault: true }))
    .addOption(new Option('--sort <column>').choices(['received', 'expires', 'subject', 'sender', 'reason']))
    .addOption(new Option('--dir <order>').choices(['asc', 'desc']))
    .option('--limit <n>', 'how many', '100')
    .option('--cursor <text>', 'where the page before ended')
    .description('what is or was held, newest first')
    .action(list)
  command.command('show').argument('<id>').description('one message, and what became of each copy').action(show)
  acting(command, 'release', 'give messages to their recipients; they do not pass the filters again')
    .option('--to-recipient <addresses>', 'only to these of the original recipients, comma-separated')
    .option('--submit', 'report them as false positives in the same step')
    .option('--allow-days <n>', 'with --submit: allow what held them for so many days (1 to 30)')
    .action((ids: string[], options: Options) => act('release', ids, options))
  acting(command, 'delete', 'delete from quarantine; an undo brings it back until its retention ends')
    .option('--to-recipient <addresses>', 'only the copies of these recipients, comma-separated')
    .option('--permanently', 'hard delete')
    .action((ids: string[], options: Options) => act('delete', ids, options))
  acting(command, 'deny', 'looked at and kept, for all recipients').action((ids: string[], options: Options) =>
    decide('deny', ids, options),
  )
  acting(command, 'extend', 'keep longer; up to 90 days after it was held')
    .requiredOption('--days <n>', 'days from now')
    .action((ids: string[], options: Options) => decide('extend', ids, options))
  acting(command, 'block-sender', 'block the senders for the whole organisation')
    .option('--domain', 'the whole domain instead of the address')
    .option('--days <n>', 'days until the entry ends; "never" too', '30')
    .action(block)
  command
    .command('download')
    .argument('<ids...>')
    .requiredOption('--reason <text>', 'kept in the audit log')
    .option('--password <text>', 'opens the archive', 'infected')
    .option('--zipcrypto', 'the old, weak cipher that opens everywhere')
    .option('--out <file>', 'where to', 'Quarantined Messages.zip')
    .description('raw messages in an archive with a password')
    .action(download)
}

const acting = (command: Command, name: string, what: string): Command =>
  withFilter(command.command(name).argument('[ids...]', 'network message IDs; or a filter').description(what))
    .option('--note <text>', 'why; kept with it')
    .option('--preview', 'only show what would happen')

async function list(options: Options): Promise<void> {
  const { sort, dir, limit, cursor } = options
  const page = await connectClient().call(listOf(Held), 'GET', '/quarantine', undefined, {
    ...filterOf(options),
    sort,
    dir,
    limit,
    cursor,
  })
  if (options.json) return json(page)
  table(
    page.items,
    [
      ['ID', (m) => m.messageId],
      ['RECEIVED', (m) => time(m.receivedAt)],
      ['SUBJECT', (m) => m.subject, 40],
      ['SENDER', (m) => m.sender, 32],
      ['REASON', (m) => m.reason],
      ['STATUS', statusOf],
      ['EXPIRES', (m) => time(m.expiresAt)],
      ['RECIPIENT', (m) => m.recipients.map((r) => r.address).join(', '), 40],
    ],
    'Nothing in quarantine matches.',
  )
  if (page.next) line(`More: --cursor ${page.next}`)
}

function statusOf({ counts }: Held): string {
  const told = Object.entries(counts).filter(([, count]) => count > 0)
  return told.length === 1 ? (told[0]?.[0] ?? '') : told.map(([name, count]) => `${count} ${name}`).join(', ')
}

async function show(id: string, options: Json): Promise<void> {
  const client = connectClient()
  const path = `/quarantine/${encodeURIComponent(id)}`
  if (options.json) return json(await client.raw('GET', path))
  const m = await client.call(Held, 'GET', path)
  facts([
    ['Message', m.messageId],
    ['Message-ID', m.internetMessageId],
    ['Subject', m.subject],
    ['Sender', m.sender],
    ['Received', time(m.receivedAt)],
    ['Reason', m.reason],
    ['Policy', `${m.policyType} ${m.policyName}`.trim()],
    ['Expires', time(m.expiresAt)],
    ['Size', m.size],
  ])
  line()
  table(m.recipients, [
    ['RECIPIENT', (r) => r.address],
    ['STATUS', (r) => r.status],
    ['SINCE', (r) => time(r.statusAt)],
    ['BY', (r) => r.statusBy, 30],
    ['EXPIRES', (r) => time(r.expiresAt)],
  ])
}

async function act(what: 'release' | 'delete', ids: readonly string[], options: Options): Promise<void> {
  const select = selectOf(ids, options)
  const permanently = options['permanently'] === true ? { permanently: true } : {}
  const client = connectClient()
  if (options['preview']) {
    const body = { do: what, select, ...recipientsOf(options), ...permanently }
    const plan = await client.call(Plan, 'POST', '/quarantine/preview', body)
    if (options.json) return json(plan)
    line(bold(`${plan.copies} copies of ${plan.messages} messages, in ${plan.mailboxes} mailboxes`))
    for (const { reason, count } of plan.refused) line(`  not ${count}: ${plain(reason)}`)
    const { needed, why } = plan.approval
    if (needed > 0) line(plain(`Waits for ${needed} approval(s): ${why}`))
    return
  }
  const done = await client.call(Done, 'POST', `/quarantine/${what}`, {
    select,
    ...recipientsOf(options),
    ...permanently,
    ...(options['submit'] ? { submit: true } : {}),
    ...(options['allowDays'] ? { allow: { days: whole('allow-days', String(options['allowDays']), 1) } } : {}),
    ...(options['note'] ? { note: options['note'] } : {}),
  })
  if (done.refused > 0) process.exitCode = 1
  if (options.json) return json(done)
  told(done)
  for (const action of done.actions) line(`Action ${action.id}: ${action.state}`)
  for (const s of done.submissions) line(`Submitted: ${plain(s.result)}`)
  for (const e of done.entries) line(`Allowed ${plain(e.value)} until ${time(e.expiresAt)}`)
  for (const advice of done.advice) line(plain(advice))
}

function told(done: Results): void {
  line(bold(`${done.done} messages, ${done.copies} copies${done.refused > 0 ? `; not ${done.refused}` : ''}`))
  for (const r of done.results)
    if (r.says !== '') line(`  ${r.messageId} ${plain(r.subject).slice(0, 40)}: ${plain(r.says)}`)
}

/** What moves no mail has nothing to show beforehand; --preview must not do it all the same. */
function noPreview(what: string, options: Options): void {
  if (options['preview'])
    throw new AppError('usage', `${what} has no preview.`, 'It moves nothing; leave --preview out.')
}

async function decide(what: 'deny' | 'extend', ids: readonly string[], options: Options): Promise<void> {
  noPreview(what, options)
  const done = await connectClient().call(Results, 'POST', `/quarantine/${what}`, {
    select: selectOf(ids, options),
    ...(what === 'extend' ? { days: whole('days', String(options['days']), 1) } : {}),
    ...(options['note'] ? { note: options['note'] } : {}),
  })
  if (done.refused > 0) process.exitCode = 1
  if (options.json) return json(done)
  told(done)
}

async function block(ids: readonly string[], options: Options): Promise<void> {
  noPreview('block-sender', options)
  const { days } = options
  const done = await connectClient().call(Blocked, 'POST', '/quarantine/block-sender', {
    select: selectOf(ids, options),
    what: options['domain'] ? 'sender-domain' : 'sender',
    days: daysOrNever('days', String(days)),
    ...(options['note'] ? { note: options['note'] } : {}),
  })
  if (options.json) return json(done)
  for (const e of done.entries) line(`Blocked ${plain(e.value)}${e.expiresAt ? ` until ${time(e.expiresAt)}` : ''}`)
  for (const r of done.refused) line(plain(r.says))
}

async function download(
  ids: readonly string[],
  options: Json & { reason: string; password: string; zipcrypto?: true; out: string },
): Promise<void> {
  const path = resolve(options.out)
  if (existsSync(path)) throw new AppError('usage', `${path} is there already.`, 'Name another file with --out.')
  const bytes = await connectClient().file('/quarantine/download', {
    messageIds: ids,
    password: options.password,
    reason: options.reason,
    ...(options.zipcrypto ? { cipher: 'zipcrypto' } : {}),
  })
  // What it holds is nobody else's business, and is never written over something.
  writeFileSync(path, bytes, { mode: 0o600, flag: 'wx' })
  if (options.json) json({ file: path, bytes: bytes.length, messages: ids.length })
  else line(`${path}: ${ids.length} messages, ${bytes.length} bytes; the password is “${plain(options.password)}”.`)
}
