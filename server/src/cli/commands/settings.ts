import type { Command } from 'commander'
import Type from 'typebox'
import { AppError } from '../../base/index.ts'
import { type Json, whole } from '../arguments.ts'
import { connectClient } from '../client.ts'
import { facts, json, line, plain, table, time } from '../out.ts'

const orNull = Type.Union([Type.String(), Type.Null()])
const Suspension = Type.Object({
  id: Type.String(),
  signalId: Type.String(),
  version: Type.Union([Type.Integer(), Type.Null()]),
  why: Type.String(),
  by: Type.String(),
  at: Type.String(),
  until: orNull,
  state: Type.String(),
})

/** Detection signals that are suspended, and how long what is kept. */
export function settingsCommands(root: Command): void {
  signals(root.command('signals').description('detection signals that are found but do not count'))
  retention(root.command('retention').description('how long what is kept'))
}

function signals(command: Command): void {
  command
    .command('list', { isDefault: true })
    .option('--all', 'those that are over too')
    .description('what is suspended, newest first')
    .action(async (options: Json & { all?: true }) => {
      const query = options.all ? { all: true } : {}
      const found = await connectClient().call(
        Type.Object({ items: Type.Array(Suspension) }),
        'GET',
        '/signals/suspended',
        undefined,
        query,
      )
      if (options.json) return json(found)
      table(
        found.items,
        [
          ['ID', (s) => s.id],
          ['SIGNAL', (s) => (s.version === null ? s.signalId : `${s.signalId}@${s.version}`)],
          ['STATE', (s) => s.state],
          ['SINCE', (s) => time(s.at)],
          ['UNTIL', (s) => time(s.until)],
          ['BY', (s) => s.by, 40],
          ['WHY', (s) => s.why, 60],
        ],
        'No signal is suspended.',
      )
    })
  command
    .command('suspend')
    .argument('<signal[@version]>', 'as verdicts name it; without a version: all versions')
    .requiredOption('--why <text>', 'kept with it')
    .option('--days <n>', 'until so many days from now; else until it is revoked')
    .description('judge new mail without it; it is still found and shown')
    .action(async (text: string, options: Json & { why: string; days?: string }) => {
      const [, signalId = '', version] = /^(.+?)(?:@(\d+))?$/.exec(text) ?? []
      const body = {
        signalId,
        version: version === undefined ? null : Number(version),
        why: options.why,
        ...(options.days ? { untilDays: whole('days', options.days, 1) } : {}),
      }
      const made = await connectClient().call(Suspension, 'POST', '/signals/suspended', body)
      if (options.json) json(made)
      else line(plain(`${made.signalId} is suspended (${made.id}).`))
    })
  command
    .command('resume')
    .argument('<id>', 'of the suspension')
    .description('let it count again')
    .action(async (id: string, options: Json) => {
      const made = await connectClient().call(Suspension, 'DELETE', `/signals/suspended/${encodeURIComponent(id)}`)
      if (options.json) json(made)
      else line(plain(`${made.signalId} counts again.`))
    })
}

const Retention = Type.Object({
  version: Type.Integer(),
  clean: Type.Integer(),
  quarantine: Type.Record(Type.String(), Type.Integer()),
  softDeleted: Type.Integer(),
  hardDeleted: Type.Integer(),
  moved: Type.Integer(),
})
const State = Type.Object({
  at: Type.String(),
  trusted: Type.String(),
  doubt: Type.Union([Type.Object({ since: Type.String(), says: Type.String() }), Type.Null()]),
  due: Type.Object({ softDeleted: Type.Integer(), hardDeleted: Type.Integer(), vault: Type.Integer() }),
})

function retention(command: Command): void {
  command
    .command('show', { isDefault: true })
    .description('the table, what is due, and whether the clock is trusted')
    .action(async (options: Json) => {
      const client = connectClient()
      const kept = await client.call(Retention, 'GET', '/retention')
      const state = await client.call(State, 'GET', '/retention/state')
      if (options.json) return json({ ...kept, state })
      facts([
        ['Clean delivered bytes', `${kept.clean} days`],
        ['Soft-deleted', `${kept.softDeleted} days`],
        ['Hard-deleted', `${kept.hardDeleted} days`],
        ['Moved (vault)', `${kept.moved} days`],
        ...Object.entries(kept.quarantine).map(([reason, n]) => [`Quarantine: ${reason}`, `${n} days`] as const),
        [
          'Due now',
          `${state.due.softDeleted} soft-deleted, ${state.due.hardDeleted} hard-deleted, ${state.due.vault} in the vault`,
        ],
      ])
      if (state.doubt) line(plain(state.doubt.says))
    })
  command
    .command('set')
    .argument('<class=days...>', 'clean, softDeleted, hardDeleted, moved, quarantine.<reason>')
    .description('change it; for what is there already too')
    .action(async (pairs: readonly string[], options: Json) => {
      const saved = await connectClient().call(Retention, 'PUT', '/retention', changeOf(pairs))
      if (options.json) json(saved)
      else line(`Saved as version ${saved.version}.`)
    })
  command
    .command('confirm')
    .description('the clock is right: what became due by its jump may expire')
    .action(async (options: Json) => {
      const state = await connectClient().call(State, 'POST', '/retention/confirm', {})
      if (options.json) json(state)
      else line('Confirmed.')
    })
}

export function changeOf(pairs: readonly string[]): Record<string, unknown> {
  const change: Record<string, unknown> = {}
  const held: Record<string, number> = {}
  for (const pair of pairs) {
    const [, name = '', days = ''] = /^([\w.-]+)=(\d+)$/.exec(pair) ?? []
    if (name === '')
      throw new AppError('usage', `"${pair}" is not class=days.`, 'Write softDeleted=14 or quarantine.spam=15.')
    if (name.startsWith('quarantine.')) held[name.slice('quarantine.'.length)] = Number(days)
    else change[name] = Number(days)
  }
  return Object.keys(held).length > 0 ? { ...change, quarantine: held } : change
}
