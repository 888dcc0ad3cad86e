import type { Command } from 'commander'
import { AppError } from '../../base/index.ts'
import { type Json, whole } from '../arguments.ts'
import { connectClient, type Query } from '../client.ts'
import { filterOf, withFilter } from '../filter.ts'
import { json, line, table, time } from '../out.ts'

/** Loaded when a command needs them: others shall start fast. */
const shapes = () => import('../../explorer/index.ts')
const inWords = async () => (await import('../../records/index.ts')).filterText

/** Saved queries of the organisation: `messages --saved NAME` asks one. */
export function queryCommands(root: Command): void {
  const command = root.command('queries').description('saved queries')
  command
    .command('list', { isDefault: true })
    .description('by name, with the counts of those that are tracked')
    .action(list)
  withFilter(command.command('save'))
    .argument('<name>')
    .description('save a filter; without --from and --to its dates move along')
    .option('--days <n>', 'the last so many days (usually 7)')
    .option('--track', 'count it: today, the day before, the week before')
    .action(async (name: string, options: Json & { days?: string; track?: true } & Record<string, unknown>) => {
      const days = options.days === undefined ? {} : { days: whole('days', options.days, 1) }
      const body = { name, filter: filterOf(options), ...days, tracked: options.track === true }
      const saved = await connectClient().call((await shapes()).SavedQuery, 'POST', '/saved-queries', body)
      if (options.json) return json(saved)
      const words = (await inWords())(saved.filter)
      line(
        `Saved “${saved.name}”: ${words || 'all mail'}${saved.days === null ? '' : `, the last ${saved.days} days`}.`,
      )
    })
  command
    .command('remove')
    .argument('<name>')
    .action(async (name: string, options: Json) => {
      const removed = await connectClient().call(
        (await shapes()).SavedQuery,
        'DELETE',
        `/saved-queries/${await idOf(name)}`,
      )
      if (options.json) return json(removed)
      line(`Removed “${removed.name}”.`)
    })
}

async function list(options: Json): Promise<void> {
  const found = await connectClient().call((await shapes()).SavedQueries, 'GET', '/saved-queries', undefined, {
    counts: true,
  })
  if (options.json) return json(found)
  const filterText = await inWords()
  table(
    found.items,
    [
      ['NAME', (q) => q.name, 40],
      ['FILTER', (q) => filterText(q.filter) || 'all mail', 60],
      ['DATES', (q) => (q.days === null ? 'exact' : `last ${q.days} days`)],
      ['AUTHOR', (q) => q.author, 24],
      ['LAST RUN', (q) => (q.lastRunAt === null ? 'never' : time(q.lastRunAt))],
      ['TODAY', (q) => q.counts?.today ?? ''],
      ['DAY BEFORE', (q) => q.counts?.dayBefore ?? ''],
      ['TREND', (q) => (q.counts === null ? '' : `${q.counts.trend > 0 ? '+' : ''}${q.counts.trend}`)],
    ],
    'No query is saved.',
  )
}

async function idOf(name: string): Promise<string> {
  const { items } = await connectClient().call((await shapes()).SavedQueries, 'GET', '/saved-queries')
  const found = items.find((q) => q.id === name || q.name.toLowerCase() === name.trim().toLowerCase())
  if (found) return found.id
  throw new AppError('no-query', `No query “${name}” is saved.`, 'Look at recourse queries.')
}

/** The filter of a saved query, with dates as of now. */
export async function savedFilter(name: string): Promise<Query> {
  const { filter } = await connectClient().call(
    (await shapes()).QueryRun,
    'POST',
    `/saved-queries/${await idOf(name)}/run`,
  )
  return filter
}
