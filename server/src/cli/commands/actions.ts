import { type Command, Option } from 'commander'
import { allItems, idsOf, reasons, showAction } from '../action.ts'
import { instant, type Json, split } from '../arguments.ts'
import { type Client, connectClient } from '../client.ts'
import { exported, json, line, table, time } from '../out.ts'
import { Action, listOf, Results } from '../shapes.ts'
import { decisionCommands } from './decide.ts'
import { keepCommand } from './keep.ts'

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
    .option(
      '--source <sources>',
      'explorer, message, action-center, quarantine, submissions, lists, api, cli, automation',
    )
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
  for (const parent of [root, one]) decisionCommands(parent)
  keepCommand(one)
}

type ListOptions = Json & Readonly<Record<string, string | true | undefined>>

async function list(options: ListOptions): Promise<void> {
  const many = (name: string) => (typeof options[name] === 'string' ? split(options[name]) : undefined)
  const one = (name: string) => (typeof options[name] === 'string' ? options[name] : undefined)
  const at = (name: string) => (typeof options[name] === 'string' ? instant(name, options[name]) : undefined)
  const query = {
    tab: options['pending'] ? 'pending' : options['history'] ? 'history' : undefined,
    period: one('period'),
    from: at('from'),
    to: at('to'),
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
    ['DECIDED', (i) => (i.both?.decided ? `${i.both.decided.by}: ${i.both.decided.keeps} stays` : null), 40],
    ['ID', (i) => i.id],
  ])
  return action
}
