import { type Command, Option } from 'commander'
import { AppError } from '../../base/index.ts'
import { type Client, connectClient } from '../client.ts'
import { facts, json, line, plain, table, time } from '../out.ts'
import { Action, Decided, Decisions, Item, listOf, Results } from '../shapes.ts'

interface Json {
  readonly json?: true
}
export const KINDS = ['move', 'soft-delete', 'hard-delete', 'quarantine', 'release']
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
    .command('actions')
    .description('the Action center: what waits for a decision, and what was decided and done')
    .option('--pending', 'only what waits for a decision')
    .option('--history', 'only what was decided')
    .addOption(new Option('--period <time>', 'changed within').choices(['1d', '7d', '30d', '180d', 'all']))
    .option('--from <time>', 'changed at or after')
    .option('--to <time>', 'changed before')
    .option('--kind <kinds>', 'move, soft-delete, hard-delete, quarantine, release, undo, submit, list-entry')
    .option('--state <states>', 'only in these states')
    .option('--source <sources>', 'explorer, message, action-center, quarantine, api, cli, automation')
    .option('--severity <severities>', 'low, medium, high')
    .option('--by <people>', 'who asked for it')
    .option('--decided-by <people>', 'who decided')
    .option('--approval <ids>', 'approval IDs')
    .option('--q <text>', 'text in name, description or approval ID')
    .addOption(
      new Option('--sort <by>', 'order').choices([
        'updated',
        'created',
        'expires',
        'name',
        'kind',
        'state',
        'decided',
        'copies',
      ]),
    )
    .option('--asc', 'the smallest or oldest first')
    .option('--limit <n>', 'how many (at most 500)', '30')
    .option('--cursor <cursor>', 'go on where an earlier answer ended')
    .option('--csv', 'for a spreadsheet, up to 100,000 rows')
    .action(list)
  const one = root.command('action').description('one action')
  one
    .command('show')
    .argument('<id>', 'its id or approval ID')
    .option('--items', 'its items too')
    .option('--results', 'how its items ended, and why')
    .option('--csv', 'its action log for a spreadsheet')
    .description('its state and counts')
    .action(show)
  for (const parent of [root, one]) decisions(parent)
}

export const split = (text: string): string[] =>
  text
    .split(',')
    .map((t) => t.trim())
    .filter((t) => t !== '')

export function reasons(title: string, list: readonly { reason: string; count: number }[], always = false): void {
  if (list.length === 0 && !always) return
  line(`${title}:`)
  for (const { reason, count } of list) line(`  ${count} × ${plain(reason)}`)
}

export async function started(
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
export async function ended(client: Client, id: string, tell: boolean): Promise<Action> {
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

export function showAction(a: Action): void {
  facts([
    ['Action', `${a.name} (${a.id})`],
    ['Approval ID', a.approvalId],
    ['State', a.state],
    ...(a.decidedBy ? ([['Decided by', a.decidedBy]] as const) : []),
    ...(a.state === 'pending-approval' ? ([['Expires', time(a.expiresAt)]] as const) : []),
    ['By', a.requestedBy.name],
    ['Made', time(a.createdAt)],
    ['Ended', time(a.endedAt)],
    ...(a.undoes.length > 0 ? ([['Undoes', a.undoes.join(', ')]] as const) : []),
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

type ListOptions = Json & Readonly<Record<string, string | true | undefined>>

async function list(options: ListOptions): Promise<void> {
  const many = (name: string) => (typeof options[name] === 'string' ? split(options[name]) : undefined)
  const one = (name: string) => (typeof options[name] === 'string' ? options[name] : undefined)
  const query = {
    tab: options['pending'] ? 'pending' : options['history'] ? 'history' : undefined,
    period: one('period'),
    from: instant(one('from')),
    to: instant(one('to')),
    kind: many('kind'),
    state: many('state'),
    source: many('source'),
    severity: many('severity'),
    requestedBy: many('by'),
    decidedBy: many('decidedBy'),
    approval: many('approval'),
    q: one('q'),
    sort: one('sort'),
    dir: options['asc'] ? 'asc' : undefined,
  }
  const client = connectClient()
  if (options['csv']) return exported(await client.text('GET', '/actions.csv', undefined, query))
  const page = await client.call(listOf(Action), 'GET', '/actions', undefined, {
    ...query,
    limit: one('limit'),
    cursor: one('cursor'),
  })
  if (options.json) return json(page)
  table(
    page.items,
    [
      ['APPROVAL', (a) => a.approvalId],
      ['UPDATED', (a) => time(a.updatedAt)],
      ['NAME', (a) => a.name, 50],
      ['BY', (a) => a.requestedBy.name, 30],
      ['STATE', (a) => (a.expiring ? `${a.state} (expires ${time(a.expiresAt)})` : a.state)],
      ['DONE', (a) => `${a.counts.done + a.counts.alreadyThere}/${a.counts.total}`],
      ['VERIFIED', (a) => a.counts.verified],
      ['DECIDED BY', (a) => a.decidedBy, 30],
      ['ID', (a) => a.id],
    ],
    'No actions yet.',
  )
}

function instant(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const at = new Date(text)
  if (Number.isNaN(at.getTime()))
    throw new AppError('usage', `"${text}" is no time.`, 'Write 2026-05-01 or 2026-05-01T12:00:00Z.')
  return at.toISOString()
}

/** An export goes out as it is: formulas in it are defused already. */
export const exported = (text: string): void => void process.stdout.write(text)

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The id of an action, given by itself or by its approval ID, which several steps may share. */
export async function idsOf(client: Client, given: string, only?: 'pending'): Promise<string[]> {
  if (UUID.test(given)) return [given]
  const query = { approval: given, limit: 500, ...(only ? { tab: only } : {}) }
  const { items } = await client.call(listOf(Action), 'GET', '/actions', undefined, query)
  if (items.length > 0) return items.map((a) => a.id)
  throw new AppError(
    'no-action',
    only ? `Nothing with the approval ID ${given} waits for a decision.` : `There is no action ${given}.`,
    'Look at "recourse actions".',
  )
}

async function show(given: string, options: Json & { items?: true; results?: true; csv?: true }): Promise<void> {
  const client = connectClient()
  const ids = await idsOf(client, given)
  if (options.csv) {
    for (const id of ids) exported(await client.text('GET', `/actions/${id}/items.csv`))
    return
  }
  const shown: unknown[] = []
  for (const id of ids) {
    if (options.json && !options.items && !options.results) shown.push(await client.raw('GET', `/actions/${id}`))
    else shown.push(await showOne(client, id, options))
  }
  if (options.json) json(shown.length === 1 ? shown[0] : shown)
}

async function showOne(client: Client, id: string, options: Json & { items?: true; results?: true }): Promise<unknown> {
  const action = await client.call(Action, 'GET', `/actions/${id}`)
  const { results } = options.results ? await client.call(Results, 'GET', `/actions/${id}/results`) : { results: [] }
  const items = options.items ? await allItems(client, id) : []
  if (options.json) return { ...action, ...(options.items ? { items } : {}), ...(options.results ? { results } : {}) }
  showAction(action)
  for (const r of results) reasons(`${r.class}: ${r.count}`, r.reasons, true)
  if (!options.items) return action
  line()
  table(items, [
    ['RECIPIENT', (i) => i.recipient],
    ['STATE', (i) => i.state],
    ['VERIFIED', (i) => time(i.verifiedAt)],
    ['SUBJECT', (i) => i.subject],
    ['REASON', (i) => i.reason, 80],
  ])
  return action
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

interface DecideOptions extends Json {
  readonly why?: string
  readonly exceptItem?: string
  readonly exceptDelivery?: string
  readonly exceptMessage?: string
  readonly instead?: string
  readonly to?: string
  readonly falsePositive?: true
  readonly allow?: string[] | boolean
}

const collect = (value: string, all: string[] | boolean | undefined): string[] => [
  ...(Array.isArray(all) ? all : []),
  value,
]

function decisions(parent: Command): void {
  const verb = (name: string, says: string) =>
    parent
      .command(name)
      .argument('<ids...>', 'ids or approval IDs; several of the same kind are decided at once')
      .description(says)
      .option('--why <text>', 'kept with the decision')
  verb('approve', 'let it run, or a part of it')
    .option('--except-item <ids>', 'leave these items out')
    .option('--except-delivery <ids>', 'leave these copies out')
    .option('--except-message <ids>', 'leave these messages out')
    .option('--instead <kind>', `do something else with it: ${KINDS.join(', ')}`)
    .addOption(new Option('--to <place>', 'for a move instead').choices(['inbox', 'junk', 'deleted-items']))
    .action((ids: string[], options: DecideOptions) => decide(ids, 'approve', options))
  verb('reject', 'do not let it run')
    .option('--false-positive', 'submit its messages as clean, allow, and classify, in one step')
    .option('--allow <kind=value>', 'allow this (repeat it for more); else what the reports offer', collect)
    .option('--no-allow', 'allow nothing')
    .action((ids: string[], options: DecideOptions) => decide(ids, 'reject', options))
  verb('cancel', 'stop what has not begun').action((ids: string[], options: DecideOptions) =>
    decide(ids, 'cancel', options),
  )
}

async function decide(given: readonly string[], verb: string, options: DecideOptions): Promise<void> {
  const client = connectClient()
  const ids: string[] = []
  for (const one of given) ids.push(...(await idsOf(client, one, verb === 'cancel' ? undefined : 'pending')))
  const [only] = ids
  if (ids.length === 1 && only) return decideOne(client, only, verb, options)
  if (verb === 'cancel') {
    for (const id of ids) await decideOne(client, id, verb, options)
    return
  }
  const more = Object.keys(options).filter((k) => !['why', 'json', 'allow'].includes(k))
  if (more.length > 0 || Array.isArray(options.allow))
    throw new AppError('usage', 'That can be said of one action only.', 'Decide on one at a time.')
  const body = { ids, verb, ...(options.why ? { why: options.why } : {}) }
  const { results } = await client.call(Decisions, 'POST', '/actions/decide', body)
  if (results.some((r) => !r.ok)) process.exitCode = 1
  if (options.json) return json({ results })
  for (const r of results) line(plain(r.ok ? `${r.id}: ${r.state}` : `${r.id}: ${r.error?.message} ${r.error?.cure}`))
}

async function decideOne(client: Client, id: string, verb: string, options: DecideOptions): Promise<void> {
  const except = {
    ...(options.exceptItem ? { itemIds: split(options.exceptItem) } : {}),
    ...(options.exceptDelivery ? { deliveryIds: split(options.exceptDelivery) } : {}),
    ...(options.exceptMessage ? { messageIds: split(options.exceptMessage) } : {}),
  }
  const allow = Array.isArray(options.allow) ? options.allow.map(entryOf) : options.allow === false ? [] : undefined
  const body = {
    ...(options.why ? { why: options.why } : {}),
    ...(Object.keys(except).length > 0 ? { except } : {}),
    ...(options.instead ? { instead: { kind: options.instead, ...(options.to ? { target: options.to } : {}) } } : {}),
    ...(options.falsePositive ? { falsePositive: true, ...(allow ? { allow } : {}) } : {}),
  }
  const answer = await client.call(Decided, 'POST', `/actions/${id}/${verb}`, body)
  if (options.json) return json(answer)
  const waits = answer.state === 'pending-approval' ? `, ${answer.approvals} of ${answer.needed} approvals` : ''
  line(plain(`${id}: ${answer.state}${waits}`))
  if (answer.derived) line(`Done instead: ${answer.derived}`)
  if (answer.submissions) line(`Submitted as clean: ${answer.submissions}`)
  for (const e of answer.entries ?? []) line(plain(`Allowed: ${e.kind} ${e.value}`))
}

/** `sender=a@b.example`: kind and value of an entry. */
export function entryOf(text: string): { kind: string; value: string } {
  const at = text.indexOf('=')
  if (at < 1) throw new AppError('usage', `"${text}" is no entry.`, 'Write kind=value, as in sender=news@shop.example.')
  return { kind: text.slice(0, at).trim(), value: text.slice(at + 1).trim() }
}
