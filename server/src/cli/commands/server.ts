import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { AppError, shownValue } from '../../base/index.ts'
import { connectClient, dataDir } from '../client.ts'
import { bold, json, line, plain } from '../out.ts'

export function serverCommands(root: Command): void {
  root
    .command('serve')
    .description('run the server until Ctrl-C')
    .addOption(
      new Option(
        '--role <roles>',
        'what this process does: api, worker, gateway (comma-separated; default all)',
      ).argParser((text) => text.split(',')),
    )
    .action(async (options: { role?: string[] }) => {
      const { serve } = await import('../../main.ts')
      process.exitCode = await serve(options.role ? { roles: options.role } : {})
    })
  root
    .command('config')
    .description('every setting: value, where it comes from, default, meaning')
    .action((options: { json?: true }) => config(options.json === true))
  root
    .command('setup-code')
    .description('the one-time code of the first run')
    .action((options: { json?: true }) => setupCode(options.json === true))
}

async function config(asJson: boolean): Promise<void> {
  const { readConfig } = await import('../../config.ts')
  const { settings } = readConfig(process.env)
  const shown = settings.map((s) => ({ ...s, value: shownValue(s), default: s.default }))
  if (asJson) return json(shown)
  for (const s of shown) {
    line(`${bold(s.name)} = ${plain(s.value === undefined ? null : JSON.stringify(s.value))}   (${s.origin})`)
    if (s.description) line(`    ${s.description}`)
    line(`    ${s.env}; ${s.allowed}${s.default === undefined ? '' : `; default ${JSON.stringify(s.default)}`}`)
  }
}

function setupCode(asJson: boolean): void {
  const path = join(dataDir(), 'setup-code')
  if (!existsSync(path))
    throw new AppError(
      'no-code',
      'There is no one-time code: this server is set up, or has not been started yet.',
      'Sign in; or start the server on this data directory.',
    )
  const code = readFileSync(path, 'utf8').trim()
  const address = `${connectClient().url}/setup?code=${code}`
  if (asJson) json({ code, address })
  else line(address)
}
