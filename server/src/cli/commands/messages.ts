import { type Command, Option } from 'commander'
import { AppError } from '../../base/index.ts'
import { type Json, split } from '../arguments.ts'
import { connectClient } from '../client.ts'
import { camel, filterOf, withFilter } from '../filter.ts'
import { bold, exported, facts, json, line, plain, table, time } from '../out.ts'
import { Made } from '../shapes.ts'
import { savedFilter } from './queries.ts'

export function messageCommands(root: Command): void {
  withFilter(root.command('messages'))
    .description('messages that a filter finds, newest first')
    .option('--limit <n>', 'how many (at most 500)', '50')
    .option('--cursor <cursor>', 'go on where an earlier answer ended')
    .option('--saved <name>', 'the filter of a saved query, and the other filters in its place')
    .option('--csv', 'for a spreadsheet: a line for each recipient copy, up to 200,000')
    .option('--columns <names>', 'only these columns, in this order, separated by commas')
    .action(messages)
  withFilter(root.command('top'))
    .description('what most of the matching recipient copies have: recipients, senders, links, files')
    .requiredOption('--of <what>', 'recipient, sender, sender-domain, ip, url, url-domain or file-hash')
    .option('--limit <n>', 'how many (at most 3,000)', '5')
    .option('--csv', 'for a spreadsheet')
    .action(top)
  root
    .command('show')
    .argument('<message>', 'its network message ID')
    .description('everything about one message')
    .action(show)
  root
    .command('explain')
    .argument('<message>')
    .description('why it was judged so, and how it would be judged today')
    .action(explain)
  root
    .command('report')
    .argument('<message>')
    .description('say that a verdict was wrong')
    .option('--should-have-been-blocked', 'bad mail got through')
    .option('--should-not-have-been-blocked', 'wanted mail was held back')
    .option('--reason <text>', 'what makes you think so')
    .addOption(new Option('--threat <kind>', 'what it is').choices(['phish', 'spam', 'malware']))
    .option('--recipient <address>', 'whose copy it is about')
    .addOption(
      new Option('--as <who>', 'as a user who got it, or as an analyst')
        .choices(['user', 'analyst'])
        .default('analyst'),
    )
    .action(report)
}

async function messages(options: Json & Record<string, unknown>): Promise<void> {
  const { limit, cursor, columns, saved } = options
  const filter = { ...(typeof saved === 'string' ? await savedFilter(saved) : {}), ...filterOf(options) }
  if (options['csv']) {
    const chosen = typeof columns === 'string' ? { columns: split(columns) } : {}
    return exported(await connectClient().text('GET', '/messages.csv', undefined, { ...filter, ...chosen }))
  }
  const query = { ...filter, limit: String(limit), ...(typeof cursor === 'string' ? { cursor } : {}) }
  const { MessagePage } = await import('../../explorer/index.ts')
  const page = await connectClient().call(MessagePage, 'GET', '/messages', undefined, query)
  if (options.json) return json(page)
  table(
    page.items,
    [
      ['ID', (m) => m.id],
      ['RECEIVED', (m) => time(m.receivedAt)],
      ['THREAT', (m) => m.threat],
      ['WHERE', (m) => [...new Set(m.copies.map((c) => c.latestLocation))].join(' ')],
      ['FROM', (m) => m.senderAddress, 36],
      ['TO', (m) => (m.copyCount === 1 ? m.copies[0]?.recipient : `${m.copyCount} recipients`), 32],
      ['SUBJECT', (m) => m.subject, 60],
    ],
    'No message matches.',
  )
  if (page.next) line(`More: --cursor ${page.next}`)
}

async function top(options: Json & Record<string, unknown>): Promise<void> {
  const query = { ...filterOf(options), of: camel(String(options['of'])), limit: String(options['limit']) }
  const client = connectClient()
  if (options['csv']) return exported(await client.text('GET', '/messages/top.csv', undefined, query))
  const { Top } = await import('../../explorer/index.ts')
  const found = await client.call(Top, 'GET', '/messages/top', undefined, query)
  if (options.json) return json(found)
  table(
    found.items,
    [
      ['VALUE', (r) => r.value, 80],
      ['COPIES', (r) => r.copies],
      ['DELIVERED', (r) => r.delivered],
      ['JUNKED', (r) => r.junked],
      ['BLOCKED', (r) => r.blocked],
    ],
    'No message matches.',
  )
}

const path = (id: string, rest = ''): string => `/messages/${encodeURIComponent(id)}${rest}`

async function show(id: string, options: Json): Promise<void> {
  const { MessageDetail } = await import('../../explorer/index.ts')
  const m = await connectClient().call(MessageDetail, 'GET', path(id))
  if (options.json) return json(m)
  facts([
    ['Network message ID', m.id],
    ['Received', `${time(m.receivedAt)} (${m.direction})`],
    ['Subject', m.subject],
    ['From', `${m.senderName} <${m.senderAddress ?? 'unreadable'}>`],
    ['Envelope sender', m.mailFrom],
    ['Sending server', m.clientIp],
    ['Internet message ID', m.internetMessageId],
    ['Verdict', `${m.verdict.threat} by ${m.verdict.technology}, ${m.verdict.score} points: ${m.verdict.placement}`],
    [
      'Authentication',
      `SPF ${m.authentication.spf.result}, DMARC ${m.authentication.dmarc.result}, ${m.authentication.aligned ? 'aligned' : 'not aligned'} (${m.authentication.source})`,
    ],
    ['URLs, attachments', `${m.urls}, ${m.attachments}`],
    ...(m.parseError ? ([['Could not be read', m.parseError]] as const) : []),
  ])
  line()
  for (const sentence of m.verdict.because) line(`  · ${plain(sentence)}`)
  line()
  table(m.copies, [
    ['RECIPIENT', (c) => c.recipient],
    ['ACTION', (c) => c.action],
    ['FIRST', (c) => c.originalLocation],
    ['NOW', (c) => c.latestFolder ?? c.latestLocation],
    ['HANDOVER', (c) => c.handover],
  ])
  if (m.actions.length > 0) {
    line()
    table(m.actions, [
      ['ACTION', (a) => a.id],
      ['NAME', (a) => a.name],
      ['STATE', (a) => a.state],
      ['BY', (a) => a.requestedBy],
      ['AT', (a) => time(a.createdAt)],
    ])
  }
}

async function explain(id: string, options: Json): Promise<void> {
  const { ExplanationView } = await import('../../submissions/index.ts')
  const e = await connectClient().call(ExplanationView, 'GET', path(id, '/explain'))
  if (options.json) return json(e)
  line(bold(`At receipt (${time(e.stored.at)}): ${e.stored.verdict.threat}, ${e.stored.verdict.placement}`))
  for (const sentence of e.stored.verdict.because) line(`  · ${plain(sentence)}`)
  line()
  line(bold('Evidence'))
  table(
    e.signals,
    [
      ['SIGNAL', (s) => s.id],
      ['POINTS', (s) => s.weight],
      ['SAYS', (s) => s.summary, 120],
    ],
    'No signal spoke.',
  )
  line()
  line(bold(`Today: ${e.today.verdict.threat}, ${e.today.verdict.placement}`))
  if (e.same) return line('  The same.')
  for (const sentence of e.differs) line(`  · ${plain(sentence)}`)
}

async function report(
  id: string,
  options: Json & {
    shouldHaveBeenBlocked?: true
    shouldNotHaveBeenBlocked?: true
    reason?: string
    threat?: string
    recipient?: string
    as: string
  },
): Promise<void> {
  if (Boolean(options.shouldHaveBeenBlocked) === Boolean(options.shouldNotHaveBeenBlocked))
    throw new AppError(
      'usage',
      'Say what was wrong.',
      'Give one of --should-have-been-blocked and --should-not-have-been-blocked.',
    )
  const body = {
    as: options.as,
    opinion: options.shouldHaveBeenBlocked ? 'should-have-been-blocked' : 'should-not-have-been-blocked',
    ...(options.reason ? { reason: options.reason } : {}),
    ...(options.threat ? { threat: options.threat } : {}),
    ...(options.recipient ? { recipient: options.recipient } : {}),
  }
  const client = connectClient()
  if (options.json) return json(await client.raw('POST', path(id, '/submissions'), body))
  const made = await client.call(Made, 'POST', path(id, '/submissions'), body)
  line(plain(`${made.result}. ${made.resultDetail}`))
  for (const sentence of made.differs) line(`  · ${plain(sentence)}`)
  if (made.next.length > 0) line(`\nWhat can be done now:`)
  for (const step of made.next) line(`  · ${plain(step.label)}`)
}
