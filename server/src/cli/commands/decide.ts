import { type Command, Option } from 'commander'
import { AppError } from '../../base/index.ts'
import { idsOf, KINDS } from '../action.ts'
import { collect, entryOf, type Json, split } from '../arguments.ts'
import { type Client, connectClient } from '../client.ts'
import { json, line, plain } from '../out.ts'
import { Decided, Decisions } from '../shapes.ts'

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

/** approve, reject and cancel, under the command itself and under `action`. */
export function decisionCommands(parent: Command): void {
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
