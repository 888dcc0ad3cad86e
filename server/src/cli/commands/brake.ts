import type { Command } from 'commander'
import Type from 'typebox'
import type { Json } from '../arguments.ts'
import { connectClient } from '../client.ts'
import { json, line, plain, table, time } from '../out.ts'

const Notice = Type.Object({
  id: Type.String(),
  source: Type.Object({ kind: Type.String(), id: Type.String(), version: Type.Integer() }),
  value: Type.Union([Type.String(), Type.Null()]),
  why: Type.String(),
  senders: Type.Array(Type.String()),
  at: Type.String(),
  suspended: Type.Boolean(),
  closedBy: Type.Union([Type.String(), Type.Null()]),
})

/** Sources of convictions that took the mail of too many known senders. */
export function brakeCommands(root: Command): void {
  const command = root
    .command('brake')
    .description('feeds, signals and entries that kept the mail of too many known senders out of the Inbox')
  command
    .command('list', { isDefault: true })
    .option('--all', 'those that were let go too')
    .description('newest first, with what was done about each')
    .action(async (options: Json & { all?: true }) => {
      const found = await connectClient().call(
        Type.Object({ items: Type.Array(Notice) }),
        'GET',
        '/sources/braked',
        undefined,
        options.all ? { all: true } : {},
      )
      if (options.json) return json(found)
      table(
        found.items,
        [
          ['ID', (n) => n.id],
          ['SOURCE', (n) => `${n.source.kind} ${n.value ?? n.source.id}`, 60],
          [
            'STATE',
            (n) => (n.closedBy !== null ? `let go by ${n.closedBy}` : n.suspended ? 'suspended' : 'counts'),
            40,
          ],
          ['SINCE', (n) => time(n.at)],
          ['WHY', (n) => n.why, 160],
        ],
        'No source took too much.',
      )
    })
  command
    .command('resume')
    .argument('<id>', 'of the notice')
    .description('let it count (again); it is left alone for a day')
    .action(async (id: string, options: Json) => {
      const done = await connectClient().call(Notice, 'DELETE', `/sources/braked/${encodeURIComponent(id)}`)
      if (options.json) json(done)
      else line(plain(`${done.value ?? done.source.id} counts.`))
    })
}
