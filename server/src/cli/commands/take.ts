import { type Command, Option } from 'commander'
import { AppError } from '../../base/index.ts'
import { ended, idsOf, KINDS, reasons, showAction } from '../action.ts'
import { collect, daysOrNever, entryOf, type Json, split } from '../arguments.ts'
import { type Client, connectClient } from '../client.ts'
import { parseQuery } from '../filter.ts'
import { bold, exported, facts, json, line, plain } from '../out.ts'
import { type Action, Taken, TakePlan } from '../shapes.ts'

interface TakeOptions extends Json {
  readonly to?: string
  readonly message?: string
  readonly delivery?: string
  readonly query?: string
  readonly fromAction?: string
  readonly item?: string
  readonly exceptMessage?: string
  readonly exceptDelivery?: string
  readonly recipient?: string
  readonly copyTo?: string
  readonly senderCopy?: true
  readonly submit?: string
  readonly note?: string
  readonly block?: string[]
  readonly allow?: string[]
  readonly expires?: string
  readonly propose?: true
  readonly addTo?: string
  readonly name?: string
  readonly description?: string
  readonly severity?: string
  readonly key?: string
  readonly preview?: true
  readonly targets?: true
  readonly wait?: true
}

export function takeCommand(root: Command): void {
  root
    .command('take')
    .argument('[kind]', `${KINDS.join(', ')}; may be left out with --submit, --block or --allow`)
    .description(
      'act on messages: move, release, submit, block, allow, in one go (as written: take quarantine --query url-domain=bad.example)',
    )
    .addOption(new Option('--to <place>', 'for move').choices(['inbox', 'junk', 'deleted-items']))
    .option('--message <ids>', 'network message IDs, comma-separated')
    .option('--delivery <ids>', 'recipient copies by ID, comma-separated')
    .option('--query <filter>', 'all that match: name=value,… as for "recourse messages"')
    .option('--from-action <id>', 'what an earlier action touched, wherever it is now')
    .option('--item <ids>', 'only these items of it')
    .option('--except-message <ids>', 'of a query: not these messages')
    .option('--except-delivery <ids>', 'of a query: not these copies')
    .option('--recipient <addresses>', 'only these recipients of the messages, comma-separated')
    .option('--copy-to <addresses>', 'release a copy to others of ours too')
    .option('--sender-copy', 'the copy in Sent of a sender of ours too; with --to inbox: put back there')
    .addOption(new Option('--submit <as>', 'submit for review').choices(['clean', 'phish', 'spam', 'malware']))
    .option('--note <text>', 'kept with submission and entries')
    .option('--block <kind=value>', 'block it (repeat it for more): sender=bad@shop.example', collect)
    .option('--allow <kind=value>', 'allow it (repeat it for more)', collect)
    .option('--expires <days>', 'of the entries: days, or never (default 30)')
    .option('--propose', 'let somebody else approve it')
    .option('--add-to <id>', 'join this action, which waits for approval')
    .option('--name <text>', 'how the action is called')
    .option('--description <text>', 'why')
    .addOption(new Option('--severity <level>', 'how bad it is').choices(['low', 'medium', 'high']))
    .option('--key <text>', 'asked again with the same key, it is done once')
    .option('--preview', 'only show what it would touch')
    .option('--targets', 'only list what would be touched, as CSV')
    .option('--wait', 'until it has ended; exit code 1 when not everything was done')
    .action(take)
}

async function take(kind: string | undefined, options: TakeOptions): Promise<void> {
  // Said wrong is said before anybody is asked.
  wish(kind, options)
  const client = connectClient()
  const body = wish(kind, { ...options, ...(await named(client, options)) })
  if (options.targets) return exported(await client.text('POST', '/take-action/targets.csv', body))
  if (options.preview) {
    const plan = await client.call(TakePlan, 'POST', '/take-action/preview', body)
    if (plan.refused) process.exitCode = 1
    return options.json ? json(plan) : showPlan(plan)
  }
  await report(client, await client.call(Taken, 'POST', '/take-action', body), options)
}

/** Actions by their approval IDs. */
async function named(client: Client, { fromAction, addTo }: TakeOptions): Promise<Partial<TakeOptions>> {
  const one = async (given: string, only?: 'pending'): Promise<string> => {
    const [id, another] = await idsOf(client, given, only)
    if (id && !another) return id
    throw usage(`${given} has several actions.`, 'Give the id of one: "recourse actions" shows them.')
  }
  return {
    ...(fromAction ? { fromAction: await one(fromAction) } : {}),
    ...(addTo ? { addTo: await one(addTo, 'pending') } : {}),
  }
}

const usage = (message: string, cure: string): AppError => new AppError('usage', message, cure)

function wish(kind: string | undefined, o: TakeOptions): Record<string, unknown> {
  if (kind !== undefined && !KINDS.includes(kind))
    throw usage(`"${kind}" is no action.`, `Choose one of ${KINDS.join(', ')}.`)
  if (kind === 'move' && !o.to) throw usage('Where to move it is not said.', 'Give --to inbox, junk or deleted-items.')
  if (kind === undefined && !o.submit && !o.block && !o.allow)
    throw usage('What to do is not said.', `Give one of ${KINDS.join(', ')}, or --submit, --block or --allow.`)
  const recipients = o.recipient ? split(o.recipient) : null
  const release = {
    ...(recipients && (kind === 'release' || o.to === 'inbox') ? { recipients } : {}),
    ...(o.copyTo ? { copyTo: split(o.copyTo) } : {}),
  }
  const move = kind !== undefined && kind !== 'release'
  return {
    select: selection(o, kind === 'release' || o.to === 'inbox' ? null : recipients),
    ...(move
      ? { move: { kind, ...(o.to ? { target: o.to } : {}), ...(o.senderCopy ? { senderCopy: true } : {}) } }
      : {}),
    ...(kind === 'release' || Object.keys(release).length > 0 ? { release } : {}),
    ...(o.submit ? { submit: { as: o.submit, ...(o.note ? { note: o.note } : {}) } } : {}),
    ...entries(o),
    ...(o.propose ? { propose: true } : {}),
    ...(o.addTo ? { addTo: o.addTo } : {}),
    ...(o.name ? { name: o.name } : {}),
    ...(o.description ? { description: o.description } : {}),
    ...(o.severity ? { severity: o.severity } : {}),
    ...(o.key ? { idempotencyKey: o.key } : {}),
    source: 'cli',
  }
}

function selection(o: TakeOptions, recipients: string[] | null): Record<string, unknown> {
  const ways = [o.message, o.delivery, o.query, o.fromAction].filter((w) => w !== undefined).length
  if (ways !== 1)
    throw usage(
      'Say which messages are meant, in one way.',
      'Give one of --message, --delivery, --query and --from-action.',
    )
  if (!o.query && (o.exceptMessage || o.exceptDelivery))
    throw usage('Exceptions are made from a query.', 'Give --query, or select fewer.')
  if (o.message) return { messageIds: split(o.message), ...(recipients ? { recipients } : {}) }
  if (o.delivery) return { deliveryIds: split(o.delivery) }
  if (o.fromAction) return { actionId: o.fromAction, ...(o.item ? { itemIds: split(o.item) } : {}) }
  const except = {
    ...(o.exceptMessage ? { messageIds: split(o.exceptMessage) } : {}),
    ...(o.exceptDelivery ? { deliveryIds: split(o.exceptDelivery) } : {}),
  }
  return {
    filter: { ...parseQuery(o.query ?? ''), ...(recipients ? { recipient: recipients } : {}) },
    ...(Object.keys(except).length > 0 ? { except } : {}),
  }
}

function entries({ block = [], allow = [], expires, note }: TakeOptions): Record<string, unknown> {
  const days = expires === undefined ? undefined : daysOrNever('expires', expires)
  const more = { ...(days === undefined ? {} : { expiresInDays: days }), ...(note ? { note } : {}) }
  const all = [
    ...block.map((b) => ({ action: 'block', ...entryOf(b), ...more })),
    ...allow.map((a) => ({ action: 'allow', ...entryOf(a), ...more })),
  ]
  return all.length > 0 ? { entries: all } : {}
}

function showPlan(plan: TakePlan): void {
  const { selection: chosen, approval, refused } = plan
  line(bold(plain(`${chosen.copies} copies of ${chosen.messages} messages${chosen.query ? `: ${chosen.query}` : ''}`)))
  for (const a of plan.actions) {
    const what = a.target ? `${a.kind} to ${a.target}` : a.kind
    line(bold(`${what}: ${a.copies} copies in ${a.mailboxes} mailboxes (${a.messages} messages)`))
    facts([
      ['Already there', a.alreadyThere],
      ['Not found', a.notFound],
      ['In senders’ Sent', a.senderCopies],
    ])
    for (const f of a.byFolder) line(`  ${plain(f.folder)}: ${f.count}`)
    reasons('Could not be put back exactly', a.notExact)
    reasons('Impossible', a.impossible)
  }
  if (plan.sentBack > 0) line(`Back to Sent: ${plan.sentBack}`)
  if (plan.others) line(`Copies for others: ${plan.others.copies}, in ${plan.others.mailboxes} mailboxes`)
  if (plan.submit) line(`Submit as ${plan.submit.as}: ${plan.submit.messages} messages`)
  for (const e of plan.entries) line(plain(`${e.action} ${e.kind} ${e.value} (until ${e.expiresAt ?? 'removed'})`))
  if (approval.needed > 0) line(plain(`Waits for ${approval.needed} approval(s): ${approval.why}`))
  if (refused) line(plain(`Would be refused: ${refused.message} ${refused.cure}`))
}

async function report(client: Client, taken: Taken, options: TakeOptions): Promise<void> {
  const [first] = taken.actions
  const done: Action[] = []
  if (options.wait)
    for (const { id, state } of taken.actions)
      if (state !== 'pending-approval') done.push(await ended(client, id, !options.json))
  if (done.some((a) => a.state !== 'completed')) process.exitCode = 1
  if (options.json)
    return json({
      ...(done[0] ?? (first ? { id: first.id, state: first.state } : {})),
      ...taken,
      actions: taken.actions.map((a) => done.find((d) => d.id === a.id) ?? a),
    })
  line(plain(`${taken.name} (approval ID ${taken.approvalId})${taken.repeated ? ', asked for before' : ''}`))
  if (done.length > 0) for (const a of done) showAction(a)
  else for (const a of taken.actions) line(plain(`${a.kind}: ${a.copies} copies, ${a.state} (${a.id})`))
  for (const s of taken.submissions) line(plain(`Submitted ${s.messageId}: ${s.result}`))
  for (const e of taken.entries)
    line(plain(`${e.action} ${e.kind} ${e.value}${e.existed ? ' (stood there already)' : ''}`))
}
