import type { Command } from 'commander'
import { AppError } from '../../base/index.ts'
import { allItems, idsOf, started } from '../action.ts'
import type { Json } from '../arguments.ts'
import { type Client, connectClient } from '../client.ts'
import { facts, json, time } from '../out.ts'
import { type Item, KeepPlan, Submitted } from '../shapes.ts'

interface KeepOptions extends Json {
  readonly item?: string
  readonly description?: string
  readonly propose?: true
  readonly preview?: true
  readonly wait?: true
}

/** Of two copies that were left in doubt, says which one stays. */
export function keepCommand(parent: Command): void {
  parent
    .command('keep')
    .argument('<id>', 'the action that left them in doubt, by id or approval ID')
    .argument('<folder>', 'the folder whose copy stays')
    .description('of two copies that were left in doubt, keep this one; the other is removed if it is the same')
    .option('--item <id>', 'which item of the action, where several are in doubt')
    .option('--description <text>', 'why')
    .option('--propose', 'wait for approval although you could run it')
    .option('--preview', 'only show what would stay and what would be removed')
    .option('--wait', 'until it has ended; exit code 1 when it was not done')
    .action(keep)
}

async function keep(given: string, folder: string, options: KeepOptions): Promise<void> {
  const client = connectClient()
  const { action, item } = await inDoubt(client, given, options.item)
  const path = `/actions/${encodeURIComponent(action)}/items/${encodeURIComponent(item)}/keep`
  const body = {
    folder,
    source: 'cli',
    ...(options.description ? { description: options.description } : {}),
    ...(options.propose ? { propose: true } : {}),
  }
  if (!options.preview) return started(client, await client.call(Submitted, 'POST', path, body), options)
  const plan = await client.call(KeepPlan, 'POST', `${path}/preview`, body)
  if (options.json) return json(plan)
  const { decided, approval } = plan
  facts([
    ['Stays', placed(plan.keeps)],
    ['Is removed', placed(plan.removes)],
    ['Approval', approval.needed === 0 ? 'none is needed' : (approval.why ?? `${approval.needed} people`)],
    [
      'Decided',
      decided ? `by ${decided.by}, ${time(decided.at)}: ${decided.keeps} stays (${decided.actionId})` : 'not yet',
    ],
  ])
}

const placed = (p: KeepPlan['keeps']): string => `${p.folder} (${[...p.flags, ...p.keywords].join(' ') || 'no flags'})`

/** The item that was named, else the only one of the action of which two copies wait for a decision. */
async function inDoubt(
  client: Client,
  given: string,
  item: string | undefined,
): Promise<{ action: string; item: string }> {
  const found: { action: string; item: Item }[] = []
  for (const action of await idsOf(client, given)) {
    for (const one of await allItems(client, action, { state: 'ambiguous' })) found.push({ action, item: one })
  }
  const named = found.filter((f) => (item === undefined ? f.item.both : f.item.id === item))
  const open = named.length > 1 ? named.filter((f) => !f.item.both?.decided) : named
  const [only] = open
  if (only && open.length === 1) return { action: only.action, item: only.item.id }
  if (open.length === 0)
    throw new AppError(
      'not-two-copies',
      item === undefined ? 'No two copies were left in doubt by it.' : `Item ${item} is not in doubt.`,
      'Look at "recourse action show --items".',
    )
  const list = open.map((f) => `${f.item.id} (${f.item.recipient})`).slice(0, 10)
  throw new AppError('usage', `${open.length} items are in doubt: ${list.join(', ')}.`, 'Name one with --item.')
}
