import { type Command, Option } from 'commander'
import { AppError } from '../../base/index.ts'
import { type Client, connectClient } from '../client.ts'
import { parseQuery } from '../filter.ts'
import { bold, facts, json, line, plain, table, time } from '../out.ts'
import { Action, Item, listOf, Plan, Submitted, UndoPlan } from '../shapes.ts'

interface Json {
  readonly json?: true
}
const KINDS = ['move', 'soft-delete', 'hard-delete', 'quarantine', 'release']
const OVER = new Set([
  'completed',
  'partially-completed',
  'failed',
  'rejected',
  'expired',
  'undone',
  'partially-undone',
  'cancelled',
])

export function actionCommands(root: Command): void {
  root
    .command('take')
    .argument('<kind>', KINDS.join(', '))
    .description('act on messages in their mailboxes (as written: take quarantine --query url-domain=bad.example)')
    .addOption(new Option('--to <place>', 'for move').choices(['inbox', 'junk', 'deleted-items']))
    .option('--message <ids>', 'network message IDs, comma-separated')
    .option('--delivery <ids>', 'recipient copies by ID, comma-separated')
    .option('--query <filter>', 'all that match: name=value,… as for "recourse messages"')
    .option('--recipient <addresses>', 'only these recipients of the messages, comma-separated')
    .option('--name <text>', 'how the action is called')
    .option('--description <text>', 'why')
    .option('--preview', 'only show what it would touch')
    .option('--wait', 'until it has ended; exit code 1 when not everything was done')
    .action(take)
  root
    .command('actions')
    .description('what was and is being done')
    .option('--limit <n>', 'how many', '30')
    .option('--state <states>', 'only in these states, comma-separated')
    .action(list)
  const one = root.command('action').description('one action')
  one
    .command('show')
    .argument('<id>')
    .option('--items', 'its items too')
    .description('its state and counts')
    .action(show)
  for (const verb of ['approve', 'reject', 'cancel'] as const)
    one
      .command(verb)
      .argument('<id>')
      .option('--why <text>', 'kept with the decision')
      .description({ approve: 'let it run', reject: 'do not let it run', cancel: 'stop what has not begun' }[verb])
      .action((id: string, options: Json & { why?: string }) => decide(id, verb, options))
  root
    .command('undo')
    .argument('<action>')
    .description('put everything back as it was')
    .option('--preview', 'only show what would come back, and what could not')
    .addOption(
      new Option('--folder-gone <how>', 'where a folder is gone').choices(['recreate', 'inbox']).default('recreate'),
    )
    .option('--suspend-cause', 'stop what caused it from acting on new mail')
    .option('--wait', 'until it has ended; exit code 1 when not everything came back')
    .action(undo)
}

const split = (text: string): string[] =>
  text
    .split(',')
    .map((t) => t.trim())
    .filter((t) => t !== '')

interface TakeOptions extends Json {
  readonly to?: string
  readonly message?: string
  readonly delivery?: string
  readonly query?: string
  readonly recipient?: string
  readonly name?: string
  readonly description?: string
  readonly preview?: true
  readonly wait?: true
}

async function take(kind: string, options: TakeOptions): Promise<void> {
  const body = request(kind, options)
  const client = connectClient()
  if (options.preview) {
    const plan = await client.call(Plan, 'POST', '/actions/preview', body)
    return options.json ? json(plan) : showPlan(plan)
  }
  await started(client, await client.call(Submitted, 'POST', '/actions', body), options)
}

function request(kind: string, options: TakeOptions): Record<string, unknown> {
  if (!KINDS.includes(kind))
    throw new AppError('usage', `"${kind}" is no action.`, `Choose one of ${KINDS.join(', ')}.`)
  if (kind === 'move' && !options.to)
    throw new AppError('usage', 'Where to move it is not said.', 'Give --to inbox, junk or deleted-items.')
  const ways = [options.message, options.delivery, options.query].filter((w) => w !== undefined).length
  if (ways !== 1)
    throw new AppError(
      'usage',
      'Say which messages are meant, in one way.',
      'Give one of --message, --delivery and --query.',
    )
  const recipients = options.recipient ? split(options.recipient) : null
  return {
    kind,
    ...(options.to ? { target: options.to } : {}),
    select: selection(options, recipients),
    ...(kind === 'release' && recipients ? { recipients } : {}),
    ...(options.name ? { name: options.name } : {}),
    ...(options.description ? { description: options.description } : {}),
  }
}

function selection(options: TakeOptions, recipients: string[] | null): Record<string, unknown> {
  if (options.message) return { messageIds: split(options.message), ...(recipients ? { recipients } : {}) }
  if (options.delivery) return { deliveryIds: split(options.delivery) }
  return { filter: { ...parseQuery(options.query ?? ''), ...(recipients ? { recipient: recipients } : {}) } }
}

function showPlan(plan: Plan): void {
  line(
    bold(
      `${plan.items.actionable} of ${plan.copies} copies in ${plan.mailboxes} mailboxes (${plan.messages} messages)`,
    ),
  )
  facts([
    ['Already there', plan.items.alreadyThere],
    ['Not found', plan.items.notFound],
    ['Impossible', plan.items.impossible],
  ])
  for (const f of plan.byFolder) line(`  ${plain(f.folder)}: ${f.count}`)
  reasons('Could not be put back exactly', plan.notExact)
  reasons('Impossible', plan.impossible)
}

function reasons(title: string, list: readonly { reason: string; count: number }[]): void {
  if (list.length === 0) return
  line(`${title}:`)
  for (const { reason, count } of list) line(`  ${count} × ${plain(reason)}`)
}

async function started(
  client: Client,
  submitted: { id: string; name: string; state: string },
  options: { json?: true; wait?: true },
): Promise<void> {
  if (!options.wait || submitted.state === 'pending-approval') {
    if (options.json) return json(submitted)
    return line(plain(`${submitted.name}: ${submitted.state} (${submitted.id})`))
  }
  const action = await ended(client, submitted.id, !options.json)
  if (options.json) json(action)
  else showAction(action)
  if (action.state !== 'completed') process.exitCode = 1
}

/** Asks until nothing is left to do, showing how far it is. */
async function ended(client: Client, id: string, tell: boolean): Promise<Action> {
  for (let pause = 100; ; pause = Math.min(pause * 1.5, 2000)) {
    const action = await client.call(Action, 'GET', `/actions/${id}`)
    const { counts } = action
    const left = counts.planned + counts.executing
    if (tell && process.stderr.isTTY)
      process.stderr.write(`\r${counts.total - left}/${counts.total} ${action.state}   `)
    if (OVER.has(action.state)) {
      if (tell && process.stderr.isTTY) process.stderr.write('\n')
      return action
    }
    await new Promise((done) => setTimeout(done, pause))
  }
}

function showAction(a: Action): void {
  facts([
    ['Action', `${a.name} (${a.id})`],
    ['State', a.state],
    ['By', a.requestedBy.name],
    ['Made', time(a.createdAt)],
    ['Ended', time(a.endedAt)],
    ...(a.undoOf ? ([['Undoes', a.undoOf]] as const) : []),
    ...(a.undoneBy ? ([['Undone by', a.undoneBy]] as const) : []),
    [
      'Items',
      Object.entries(a.counts)
        .filter(([, count]) => count > 0)
        .map(([name, count]) => `${count} ${name}`)
        .join(', '),
    ],
  ])
}

async function list(options: Json & { limit: string; state?: string }): Promise<void> {
  const query = { limit: options.limit, ...(options.state ? { state: split(options.state) } : {}) }
  const page = await connectClient().call(listOf(Action), 'GET', '/actions', undefined, query)
  if (options.json) return json(page)
  table(
    page.items,
    [
      ['ID', (a) => a.id],
      ['MADE', (a) => time(a.createdAt)],
      ['NAME', (a) => a.name, 50],
      ['BY', (a) => a.requestedBy.name, 30],
      ['STATE', (a) => a.state],
      ['DONE', (a) => `${a.counts.done + a.counts.alreadyThere}/${a.counts.total}`],
      ['VERIFIED', (a) => a.counts.verified],
    ],
    'No actions yet.',
  )
}

async function show(id: string, options: Json & { items?: true }): Promise<void> {
  const client = connectClient()
  if (options.json && !options.items) return json(await client.raw('GET', `/actions/${encodeURIComponent(id)}`))
  const action = await client.call(Action, 'GET', `/actions/${encodeURIComponent(id)}`)
  const items = options.items ? await allItems(client, id) : []
  if (options.json) return json({ ...action, items })
  showAction(action)
  if (!options.items) return
  line()
  table(items, [
    ['RECIPIENT', (i) => i.recipient],
    ['STATE', (i) => i.state],
    ['VERIFIED', (i) => time(i.verifiedAt)],
    ['SUBJECT', (i) => i.subject],
    ['REASON', (i) => i.reason, 80],
  ])
}

async function allItems(client: Client, id: string): Promise<Item[]> {
  const items: Item[] = []
  let cursor: string | null = null
  do {
    const query: Record<string, string> = { limit: '500', ...(cursor === null ? {} : { cursor }) }
    const page: { items: Item[]; next: string | null } = await client.call(
      listOf(Item),
      'GET',
      `/actions/${encodeURIComponent(id)}/items`,
      undefined,
      query,
    )
    items.push(...page.items)
    cursor = page.next
  } while (cursor !== null)
  return items
}

async function decide(id: string, verb: string, options: Json & { why?: string }): Promise<void> {
  const answer = await connectClient().raw(
    'POST',
    `/actions/${encodeURIComponent(id)}/${verb}`,
    options.why ? { why: options.why } : {},
  )
  if (options.json) json(answer)
  else line(`Done: ${verb}.`)
}

async function undo(
  id: string,
  options: Json & { preview?: true; folderGone: string; suspendCause?: true; wait?: true },
): Promise<void> {
  const client = connectClient()
  const path = `/actions/${encodeURIComponent(id)}/undo`
  if (options.preview) {
    const plan = await client.call(UndoPlan, 'POST', `${path}/preview`, {})
    if (options.json) return json(plan)
    line(bold(`${plan.exact} of ${plan.copies} copies in ${plan.mailboxes} mailboxes come back exactly`))
    reasons('Not exactly', plan.notExact)
    return reasons('Not at all', plan.impossible)
  }
  const body = { folderGone: options.folderGone, ...(options.suspendCause ? { suspendCause: true } : {}) }
  await started(client, await client.call(Submitted, 'POST', path, body), options)
}
