import { type Command, Option } from 'commander'
import { AppError } from '../../base/index.ts'
import { idsOf, reasons, started } from '../action.ts'
import { instant, type Json, split } from '../arguments.ts'
import { type Client, connectClient } from '../client.ts'
import { parseQuery } from '../filter.ts'
import { bold, facts, json, line, plain, time } from '../out.ts'
import { Submitted, UndoPlan } from '../shapes.ts'

interface Options extends Json {
  readonly message?: string
  readonly delivery?: string
  readonly query?: string
  readonly item?: string
  readonly byEntry?: string
  readonly bySignal?: string
  readonly byPolicy?: string
  readonly bySubmission?: string
  readonly byPerson?: string
  readonly from?: string
  readonly to?: string
  readonly name?: string
  readonly description?: string
  readonly preview?: true
  readonly folderGone: string
  readonly suspendCause?: true
  readonly releaseHeld?: true
  readonly wait?: true
}

/** Puts back what was done: an action, what was done to messages, or everything that a cause did. */
export function undoCommand(root: Command): void {
  root
    .command('undo')
    .argument('[actions...]', 'what these actions did, by id or approval ID; an undo is redone')
    .description('put back what was done: everything that matches, exactly as it was')
    .option('--message <ids>', 'what was done to these messages, comma-separated')
    .option('--delivery <ids>', 'what was done to these recipient copies, comma-separated')
    .option('--query <filter>', 'what was done to messages that match: name=value,… as for "recourse messages"')
    .option('--item <ids>', 'only these items of the actions, comma-separated')
    .option('--by-entry <id[@version]>', 'what a list entry caused')
    .option('--by-signal <id[@version]>', 'what a detection signal caused')
    .option('--by-policy <id[@version]>', 'what a policy caused')
    .option('--by-submission <id>', 'what a submission caused')
    .option('--by-person <name>', 'what somebody asked for or approved (name or user ID)')
    .option('--from <instant>', 'done from then on (ISO 8601)')
    .option('--to <instant>', 'done before then')
    .option('--name <text>', 'how the undo is called')
    .option('--description <text>', 'why')
    .option('--preview', 'only show what would come back, and what could not')
    .addOption(
      new Option('--folder-gone <how>', 'where a folder is gone').choices(['recreate', 'inbox']).default('recreate'),
    )
    .option('--suspend-cause', 'stop what caused it from acting on new mail')
    .option('--release-held', 'also what the gate has kept or put into Junk because of the named cause')
    .option('--wait', 'until it has ended; exit code 1 when not everything came back')
    .action(undo)
}

async function undo(actions: readonly string[], options: Options): Promise<void> {
  const select = selectionOf(actions, options)
  const client = connectClient()
  if (actions.length > 0) select['actions'] = await idsOfAll(client, actions.flatMap(split))
  if (options.preview) {
    const found = await client.call(UndoPlan, 'POST', '/undo/preview', { select })
    return options.json ? json(found) : show(found)
  }
  const body = {
    select,
    folderGone: options.folderGone,
    source: 'cli',
    ...(options.suspendCause ? { suspendCause: true } : {}),
    ...(options.releaseHeld ? { releaseHeld: true } : {}),
    ...(options.name ? { name: options.name } : {}),
    ...(options.description ? { description: options.description } : {}),
  }
  await started(client, await client.call(Submitted, 'POST', '/undo', body), options)
}

/** Actions by id or approval ID; the steps of one plan that moved nothing have nothing to take back. */
async function idsOfAll(client: Client, given: readonly string[]): Promise<string[]> {
  const all: string[] = []
  for (const one of given) all.push(...(await idsOf(client, one)))
  return all
}

/** What is said on the command line; each part narrows. */
export function selectionOf(actions: readonly string[], options: Partial<Options>): Record<string, unknown> {
  const lists = {
    actions: actions.flatMap(split),
    items: ids(options.item),
    deliveryIds: ids(options.delivery),
    messageIds: ids(options.message),
  }
  const select: Record<string, unknown> = Object.fromEntries(
    Object.entries(lists).filter(([, value]) => value.length > 0),
  )
  if (options.query) select['filter'] = parseQuery(options.query)
  for (const [name, text] of [
    ['entry', options.byEntry],
    ['signal', options.bySignal],
    ['policy', options.byPolicy],
  ] as const)
    if (text) select[name] = cause(text)
  if (options.bySubmission) select['submission'] = options.bySubmission
  if (options.byPerson) select['person'] = options.byPerson
  if (options.from) select['from'] = instant('from', options.from)
  if (options.to) select['to'] = instant('to', options.to)
  if (Object.keys(select).length === 0)
    throw new AppError(
      'usage',
      'It is not said what is to be undone.',
      'Name an action, or give --message, --delivery, --query, --by-entry, --by-signal, --by-policy, --by-submission, --by-person, --from or --to.',
    )
  return select
}

const ids = (text: string | undefined): string[] => (text === undefined ? [] : split(text))

function cause(text: string): { id: string; version?: number } {
  const [, id = '', version] = /^(.+?)(?:@(\d+))?$/.exec(text) ?? []
  return version === undefined ? { id } : { id, version: Number(version) }
}

function show(found: UndoPlan): void {
  line(bold(`${found.exact} of ${found.copies} copies come back exactly`))
  facts([
    ['Messages', found.messages],
    ['Mailboxes', found.mailboxes],
    ['Taken', found.past.from === null ? null : `${time(found.past.from)} to ${time(found.past.to)}`],
    ['As recorded', time(found.at)],
  ])
  for (const f of found.byFolder.slice(0, 20)) line(`  to ${plain(f.folder)}: ${f.count}`)
  reasons('Not exactly', found.notExact)
  reasons('Not at all', found.impossible)
  if (found.actions.length > 1) {
    line('Actions:')
    for (const a of found.actions.slice(0, 20))
      line(`  ${a.copies} × ${plain(a.name)} by ${plain(a.requestedBy.name)} (${a.id})`)
  }
  for (const a of found.running.actions)
    line(`Still running: ${plain(a.name)}, ${a.left} left: stop it with "recourse action cancel ${a.id}"`)
  if (found.heldAtGate > 0)
    line(`Held at the gate because of it: ${found.heldAtGate} copies; --release-held gives them to their recipients`)
  if (found.junkedAtGate > 0)
    line(
      `Put into Junk at the gate because of it: ${found.junkedAtGate} copies; --release-held moves them to the Inbox`,
    )
  for (const f of found.future) line(`New mail: ${plain(f.says)}`)
}
