import type { Command } from 'commander'
import { AppError, messageOf } from '../../base/index.ts'
import type { MailPolicies, UserSenders } from '../../organisation/index.ts'
import { type Json, split } from '../arguments.ts'
import { connectClient } from '../client.ts'
import { jsonFile } from '../json-file.ts'
import { facts, json, line, table } from '../out.ts'

/** Read when a command needs it: every other command starts without the room behind it. */
const shapes = () => import('../../organisation/index.ts')

/** Policies for some recipients, and users' own lists. */
export function policyCommands(root: Command): void {
  const policies = root
    .command('policies')
    .description('policies for some recipients; `policy` is the one for everybody')
  policies
    .command('show', { isDefault: true })
    .description('in the order in which they are asked')
    .action(async (options: Json) => {
      const { MailPolicies } = await shapes()
      const saved = await connectClient().call(MailPolicies, 'GET', '/policies')
      if (options.json) json(saved)
      else show(saved)
    })
  policies
    .command('apply')
    .argument('<file>', 'JSON, as `policies show --json` prints it')
    .description('make the policies exactly what the file says; refused when somebody changed them since it was read')
    .action(async (file: string, options: Json) => {
      const { MailPolicies } = await shapes()
      const saved = await connectClient().call(MailPolicies, 'PUT', '/policies', readJson(file))
      if (options.json) json(saved)
      else line(`Saved as version ${saved.version}: ${saved.policies.length} policies.`)
    })
  const senders = root.command('senders').description('Safe Senders and Blocked Senders of a mailbox')
  const path = (mailbox: string) => `/mailboxes/${encodeURIComponent(mailbox)}/senders`
  senders
    .command('show')
    .argument('<mailbox>')
    .description('both lists')
    .action(async (mailbox: string, options: Json) => {
      const { UserSenders } = await shapes()
      const lists = await connectClient().call(UserSenders, 'GET', path(mailbox))
      if (options.json) json(lists)
      else tell(lists)
    })
  senders
    .command('set')
    .argument('<mailbox>')
    .option('--safe <list>', 'addresses and domains, comma-separated; "" = none')
    .option('--blocked <list>', 'the same')
    .description('replace a list; one that is not named stays')
    .action(async (mailbox: string, options: Json & { safe?: string; blocked?: string }) => {
      const client = connectClient()
      const { UserSenders } = await shapes()
      const before = await client.call(UserSenders, 'GET', path(mailbox))
      const list = (text: string | undefined, otherwise: string[]) => (text === undefined ? otherwise : split(text))
      const body = { safe: list(options.safe, before.safe), blocked: list(options.blocked, before.blocked) }
      const after = await client.call(UserSenders, 'PUT', path(mailbox), body)
      if (options.json) json(after)
      else tell(after)
    })
}

function show({ policies, version }: MailPolicies): void {
  table(
    policies,
    [
      ['ID', (p) => p.id],
      ['NAME', (p) => p.name],
      ['KIND', (p) => p.kind],
      ['PRIORITY', (p) => (p.kind === 'custom' ? p.priority : '')],
      ['ON', (p) => (p.enabled ? 'yes' : 'no')],
      ['MAIL', (p) => p.mail.join(', ')],
      ['FOR', (p) => scope(p.applies) || 'everybody', 60],
      ['NOT FOR', (p) => scope(p.except), 40],
      ['MODE', (p) => p.mode],
    ],
    'No policies for some recipients: the one for everybody judges all mail (recourse policy show).',
  )
  line(`Version ${version}.`)
}

const scope = (s: MailPolicies['policies'][number]['applies']): string =>
  [...s.recipients, ...s.groups.map((g) => `group ${g}`), ...s.domains.map((d) => `@${d}`)].join(', ')

const tell = (lists: UserSenders): void =>
  facts([
    ['Safe Senders', lists.safe.join(', ') || 'none'],
    ['Blocked Senders', lists.blocked.join(', ') || 'none'],
  ])

function readJson(file: string): unknown {
  try {
    return jsonFile(file)
  } catch (error) {
    throw new AppError(
      'usage',
      `${file} cannot be read as JSON: ${messageOf(error)}`,
      'Name a JSON file; - = standard input.',
    )
  }
}
