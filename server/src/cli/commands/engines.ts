import type { Command } from 'commander'
import Type from 'typebox'
import type { Json } from '../arguments.ts'
import { connectClient } from '../client.ts'
import { facts, json, line, table, time } from '../out.ts'

/** Read when a command needs it: every other command starts without the room behind it. */
const detection = () => import('../../detection/index.ts')

/** Engines beside the server, and what its classifier was taught. */
export function engineCommands(root: Command): void {
  const command = root.command('engines').description('rspamd, ClamAV, the classifier and feeds: how they do')
  command
    .command('show', { isDefault: true })
    .description('up or down, since when, why')
    .action(async (options: Json) => {
      const { EnginesView } = await detection()
      const view = await connectClient().call(EnginesView, 'GET', '/engines')
      if (options.json) return json(view)
      table(
        view.items,
        [
          ['ENGINE', (e) => e.id],
          ['STATE', (e) => e.state],
          ['SINCE', (e) => time(e.since)],
          ['LATENCY', (e) => (e.latencyMs === null ? '–' : `${e.latencyMs} ms`)],
          ['ANSWERED', (e) => e.answered],
          ['FAILED', (e) => e.failed],
          ['LAST ERROR', (e) => e.lastError?.message ?? '–', 60],
        ],
        'No engines are configured (engines.rspamd.url, engines.clamav.address).',
      )
      if (view.feeds.length > 0)
        table(
          view.feeds,
          [
            ['FEED', (f) => f.name],
            ['STATE', (f) => f.state],
            ['KIND', (f) => f.kind],
            ['ENTRIES', (f) => f.entries],
            ['REFUSED', (f) => f.refused],
            ['FILE OF', (f) => (f.fileTime === null ? '–' : time(f.fileTime))],
            ['HITS', (f) => f.hits],
            ['LAST ERROR', (f) => f.lastError?.message ?? '–', 60],
          ],
          '',
        )
      const { taught, version } = view.classifier
      facts([
        ['Classifier', `version ${version}; taught ${taught.ham} ham, ${taught.spam} spam, ${taught.phish} phish`],
        ['To be judged again', view.pending],
      ])
      if (view.items.some((e) => e.state === 'down') || view.feeds.some((f) => f.state !== 'ok')) process.exitCode = 1
    })
  command
    .command('lessons')
    .option('--limit <n>', 'how many', '100')
    .description('what the classifier was taught, newest first')
    .action(async (options: Json & { limit: string }) => {
      const { LessonRow } = await detection()
      const shape = Type.Object({ items: Type.Array(LessonRow) })
      const { limit } = options
      const page = await connectClient().call(shape, 'GET', '/engines/classifier/lessons', undefined, { limit })
      if (options.json) return json(page)
      table(
        page.items,
        [
          ['MESSAGE HASH', (l) => l.messageHash, 64],
          ['AS', (l) => l.class],
          ['WHY', (l) => `${l.cause.kind} ${l.cause.id}`, 50],
          ['BY', (l) => l.by],
          ['AT', (l) => time(l.at)],
        ],
        'Nothing was taught.',
      )
    })
  command
    .command('forget')
    .argument('<hash>', 'of the message, as `lessons` shows it')
    .description('take a lesson back, as if it had never been taught')
    .action(async (hash: string, options: Json) => {
      const answer = await connectClient().raw('DELETE', `/engines/classifier/lessons/${encodeURIComponent(hash)}`)
      if (options.json) json(answer)
      else line('Forgotten.')
    })
}
