import { type Command, Option } from 'commander'
import { AppError, messageOf } from '../../base/index.ts'
import { type Json, split, whole } from '../arguments.ts'
import { connectClient } from '../client.ts'
import { jsonFile } from '../json-file.ts'
import { facts, json, line, table } from '../out.ts'
import { Organisation, PolicyShape } from '../shapes.ts'

export function organisationCommands(root: Command): void {
  const org = root.command('org').description('domains, mailboxes, aliases, groups')
  org
    .command('show')
    .description('the organisation as it is')
    .action(async (options: Json) => {
      const document = await connectClient().call(Organisation, 'GET', '/organisation')
      if (options.json) return json(document)
      facts([
        ['Domains', document.domains.join(', ')],
        ['Version', document.version],
        ['Aliases', document.aliases.length],
        ['Groups', document.groups.length],
      ])
      line()
      table(
        document.mailboxes,
        [
          ['ADDRESS', (m) => m.address],
          ['NAME', (m) => m.displayName],
          ['KIND', (m) => m.kind],
          ['PROTECTED', (m) => (m.protected ? 'yes' : '')],
          ['LOGIN', (m) => (m.login === m.address ? '' : m.login)],
        ],
        'No mailboxes.',
      )
    })
  org
    .command('apply')
    .argument('<file>', 'JSON: { domains, mailboxes, aliases, groups }')
    .description('make the organisation exactly what the file says')
    .action(async (file: string, options: Json) => {
      const saved = await connectClient().call(Organisation, 'PUT', '/organisation', readJson(file))
      if (options.json) return json(saved)
      line(
        `Saved as version ${saved.version}: ${saved.mailboxes.length} mailboxes, ${saved.aliases.length} aliases, ${saved.groups.length} groups.`,
      )
    })
  policy(root)
}

function policy(root: Command): void {
  const command = root.command('policy').description('what is done with what is found')
  command
    .command('show')
    .description('the policy as it is')
    .action(async (options: Json) => {
      const found = await connectClient().call(PolicyShape, 'GET', '/policy')
      show(found, options)
    })
  command
    .command('set')
    .description('change the policy')
    .addOption(
      new Option('--mode <mode>', 'standard, strict, or observe: judge and record, deliver everything').choices([
        'standard',
        'strict',
        'observe',
      ]),
    )
    .option(
      '--trusted-authserv <names>',
      'servers whose Authentication-Results are believed, comma-separated; "" = nobody',
    )
    .option(
      '--trusted-arc-sealers <domains>',
      'lists and forwarders whose ARC seals are believed, comma-separated; "" = nobody',
    )
    .option('--suspicious <points>', 'points from which a message is convicted')
    .option('--high <points>', 'points from which it is convicted with high confidence')
    .addOption(
      new Option('--unparsable <place>', 'where mail goes that cannot be read').choices([
        'deliver',
        'junk',
        'quarantine',
      ]),
    )
    .addOption(new Option('--own-proposals <yes>', 'may people approve what they proposed').choices(['yes', 'no']))
    .option('--second-above <copies>', 'two people for an action on more copies than this; "never" = whatever its size')
    .addOption(new Option('--second-for-hard-delete <yes>', 'two people for a hard delete').choices(['yes', 'no']))
    .action(
      async (
        options: Json &
          Approvals & {
            mode?: string
            trustedAuthserv?: string
            trustedArcSealers?: string
            suspicious?: string
            high?: string
            unparsable?: string
          },
      ) => {
        const client = connectClient()
        const before = await client.call(PolicyShape, 'GET', '/policy')
        const change = {
          version: before.version,
          ...(options.mode ? { mode: options.mode } : {}),
          ...(options.unparsable ? { unparsable: options.unparsable } : {}),
          ...(options.trustedAuthserv === undefined ? {} : { trustedAuthserv: split(options.trustedAuthserv) }),
          ...(options.trustedArcSealers === undefined ? {} : { trustedArcSealers: split(options.trustedArcSealers) }),
          ...thresholds(options, before),
          ...approvals(options, before),
        }
        if (Object.keys(change).length === 1)
          throw new AppError(
            'usage',
            'Nothing to change was given.',
            'recourse policy set --help shows what can be set.',
          )
        show(await client.call(PolicyShape, 'PUT', '/policy', change), options)
      },
    )
}

interface Approvals {
  readonly ownProposals?: string
  readonly secondAbove?: string
  readonly secondForHardDelete?: string
}

function approvals(options: Approvals, before: { readonly approvals: object }) {
  const { ownProposals, secondAbove, secondForHardDelete } = options
  if (ownProposals === undefined && secondAbove === undefined && secondForHardDelete === undefined) return {}
  const above =
    secondAbove === undefined ? undefined : secondAbove === 'never' ? null : whole('second-above', secondAbove)
  return {
    approvals: {
      ...before.approvals,
      ...(ownProposals === undefined ? {} : { ownProposals: ownProposals === 'yes' }),
      ...(above === undefined ? {} : { secondAbove: above }),
      ...(secondForHardDelete === undefined ? {} : { secondForHardDelete: secondForHardDelete === 'yes' }),
    },
  }
}

function thresholds(
  options: { suspicious?: string; high?: string },
  before: { thresholds: { suspicious: number; high: number } | null },
) {
  if (options.suspicious === undefined && options.high === undefined) return {}
  const suspicious = Number(options.suspicious ?? before.thresholds?.suspicious)
  const high = Number(options.high ?? before.thresholds?.high)
  if (Number.isNaN(suspicious) || Number.isNaN(high))
    throw new AppError(
      'usage',
      'Both --suspicious and --high are needed, as numbers.',
      'For example: --suspicious 5 --high 10',
    )
  return { thresholds: { suspicious, high } }
}

function show(found: PolicyShape, options: Json) {
  if (options.json) return json(found)
  facts(
    Object.entries(found).map(
      ([name, value]) => [name, Array.isArray(value) ? value.join(', ') || 'nobody' : value] as const,
    ),
  )
}

export function readJson(file: string): unknown {
  try {
    return jsonFile(file)
  } catch (cause) {
    throw new AppError(
      'file',
      `${file} cannot be read: ${messageOf(cause)}.`,
      'Check the path and that it is JSON; "-" reads from standard input.',
      { cause },
    )
  }
}
