import { type Command, Option } from 'commander'
import Type from 'typebox'
import { AppError } from '../../base/index.ts'
import { type Json, split, whole } from '../arguments.ts'
import { connectClient } from '../client.ts'
import { json, line, plain, table, time } from '../out.ts'
import { Audited, AuditProof, listOf, Person, Session, Token, TokenMade } from '../shapes.ts'

const Nothing = Type.Null()
const ROLES = ['administrator', 'analyst', 'reader', 'reporter']
const PERMISSIONS =
  'mail.read, mail.content, submission.write, remediation.propose, remediation.approve, remediation.purge, quarantine.manage, lists.read, lists.write, lists.allow, settings.read, settings.write, users.manage, audit.read, import.write'

export function peopleCommands(root: Command): void {
  users(root)
  tokens(root)
  audit(root)
}

function users(root: Command): void {
  const command = root.command('users').description('who may sign in')
  command
    .command('list', { isDefault: true })
    .description('everybody')
    .action(async (options: Json) => {
      const { items } = await connectClient().call(listOf(Person), 'GET', '/users')
      if (options.json) return json(items)
      table(
        items,
        [
          ['ID', (u) => u.id],
          ['NAME', (u) => u.name],
          ['EMAIL', (u) => u.email],
          ['ROLE', (u) => u.role],
          ['SINCE', (u) => time(u.createdAt)],
        ],
        'Nobody yet: "recourse setup-code" shows how the first one gets in.',
      )
    })
  command
    .command('add')
    .argument('<email>')
    .requiredOption('--name <name>', 'as others see it')
    .addOption(new Option('--role <role>', 'what they may do').choices(ROLES).makeOptionMandatory())
    .option('--password <password>', 'visible to others on this machine; without it, it is read from standard input')
    .description('let somebody in; they can change the password later')
    .action(async (email: string, options: Json & { name: string; role: string; password?: string }) => {
      const password = options.password === '-' || options.password === undefined ? await readLine() : options.password
      const made = await connectClient().call(Person, 'POST', '/users', {
        email,
        name: options.name,
        role: options.role,
        password,
      })
      if (options.json) return json(made)
      line(plain(`${made.email} may sign in as ${made.role}.`))
    })
  command
    .command('role')
    .argument('<id>')
    .argument('<role>', ROLES.join(', '))
    .description('give somebody another role')
    .action(async (id: string, role: string, options: Json) => {
      await connectClient().call(Nothing, 'PATCH', `/users/${encodeURIComponent(id)}`, { role })
      options.json ? json({ id, role }) : line(`Now ${role}.`)
    })
  command
    .command('password')
    .argument('<id>', 'or the e-mail address')
    .option('--password <password>', 'visible to others on this machine; without it, it is read from standard input')
    .description('give somebody a new password; ends their sessions')
    .action(async (who: string, options: Json & { password?: string }) => {
      const client = connectClient()
      const { items } = await client.call(listOf(Person), 'GET', '/users')
      const id = items.find((u) => u.email === who.toLowerCase())?.id ?? who
      const password = options.password === '-' || options.password === undefined ? await readLine() : options.password
      await client.call(Nothing, 'PUT', `/users/${encodeURIComponent(id)}/password`, { password })
      options.json ? json({ id }) : line('The new password holds from now on.')
    })
  command
    .command('remove')
    .argument('<id>')
    .description('end somebody’s access')
    .action(async (id: string, options: Json) => {
      await connectClient().call(Nothing, 'DELETE', `/users/${encodeURIComponent(id)}`)
      options.json ? json({ id, removed: true }) : line('Removed.')
    })
}

/** The password from standard input, so that it stands in no list of processes and in no history. */
async function readLine(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('Password (shown as you type), then Enter: ')
  let text = ''
  for await (const chunk of process.stdin) {
    text += String(chunk)
    if (text.includes('\n')) break
  }
  const first = text.split(/\r?\n/, 1)[0] ?? ''
  if (first === '') throw new AppError('usage', 'No password came in.', 'Type it, pipe it in, or give --password.')
  return first
}

function tokens(root: Command): void {
  const command = root.command('token').description('API tokens for programs')
  command
    .command('list', { isDefault: true })
    .description('those that work')
    .action(async (options: Json) => {
      const { items } = await connectClient().call(listOf(Token), 'GET', '/tokens')
      if (options.json) return json(items)
      table(
        items,
        [
          ['ID', (t) => t.id],
          ['NAME', (t) => t.name],
          ['BY', (t) => t.createdBy],
          ['LAST USED', (t) => time(t.lastUsedAt)],
          ['EXPIRES', (t) => time(t.expiresAt)],
          ['PERMISSIONS', (t) => t.permissions.join(' '), 80],
        ],
        'No tokens.',
      )
    })
  command
    .command('create')
    .argument('<name>')
    .requiredOption('--permissions <list>', `comma-separated: ${PERMISSIONS}; or all that you have`)
    .option('--expires <days>', 'days until it stops working')
    .description('make one; it is shown this once')
    .action(async (name: string, options: Json & { permissions: string; expires?: string }) => {
      const client = connectClient()
      const permissions =
        options.permissions === 'all'
          ? (await client.call(Session, 'GET', '/session')).permissions
          : split(options.permissions)
      const expiresInDays = options.expires === undefined ? null : whole('expires', options.expires, 1)
      const made = await connectClient().call(TokenMade, 'POST', '/tokens', { name, permissions, expiresInDays })
      if (options.json) return json(made)
      line(made.token)
    })
  command
    .command('revoke')
    .argument('<id>')
    .description('make one worthless, at once')
    .action(async (id: string, options: Json) => {
      await connectClient().call(Nothing, 'DELETE', `/tokens/${encodeURIComponent(id)}`)
      options.json ? json({ id, revoked: true }) : line('Revoked.')
    })
}

function audit(root: Command): void {
  const command = root.command('audit').description('who did or read what')
  command
    .command('list', { isDefault: true })
    .option('--limit <n>', 'how many', '50')
    .option('--action <name>', 'only this, e.g. message.preview')
    .description('newest first')
    .action(async (options: Json & { limit: string; action?: string }) => {
      const { items } = await connectClient().call(listOf(Audited), 'GET', '/audit', undefined, {
        limit: options.limit,
        action: options.action,
      })
      if (options.json) return json(items)
      table(
        items,
        [
          ['NO', (e) => e.seq],
          ['TIME', (e) => time(e.at)],
          ['WHO', (e) => e.actor],
          ['WHAT', (e) => e.action],
          ['ABOUT', (e) => e.target],
          ['DETAIL', (e) => e.detail, 80],
        ],
        'No entries.',
      )
    })
  command
    .command('verify')
    .option('--head <seq:hash>', 'a head that was noted down earlier; shows a log that was rewritten as a whole')
    .description('prove that no entry was changed or removed')
    .action(async (options: Json & { head?: string }) => {
      const [seq, hash] = options.head?.split(':') ?? []
      const result = await connectClient().call(AuditProof, 'GET', '/audit/verify', undefined, { seq, hash })
      if (options.json) json(result)
      else if (result.ok)
        line(
          `The log is whole: ${result.entries} entries.${result.head ? ` Note down: ${result.head.seq}:${result.head.hash}` : ''}`,
        )
      else line(`The log was tampered with:\n${result.problems.map((p) => `  - ${plain(p)}`).join('\n')}`)
      if (!result.ok) process.exitCode = 1
    })
}
