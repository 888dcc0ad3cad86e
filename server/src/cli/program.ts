import { Command } from 'commander'
import { actionCommands } from './commands/actions.ts'
import { engineCommands } from './commands/engines.ts'
import { entryCommands } from './commands/entries.ts'
import { importCommand } from './commands/import.ts'
import { learnCommand } from './commands/learn.ts'
import { messageCommands } from './commands/messages.ts'
import { organisationCommands } from './commands/organisation.ts'
import { peopleCommands } from './commands/people.ts'
import { policyCommands } from './commands/policies.ts'
import { quarantineCommands } from './commands/quarantine.ts'
import { queryCommands } from './commands/queries.ts'
import { scanCommand } from './commands/scan.ts'
import { serverCommands } from './commands/server.ts'
import { settingsCommands } from './commands/settings.ts'
import { takeCommand } from './commands/take.ts'
import { undoCommand } from './commands/undo.ts'

export function program(): Command {
  const root = new Command('recourse')
    .description('Every verdict can be challenged and every action can be undone.')
    .addHelpText(
      'after',
      `
The command scan works by itself. The other commands talk to a running server: its address from RECOURSE_URL or <data directory>/server.json, the token from
RECOURSE_TOKEN or <data directory>/cli-token; RECOURSE_DATA_DIR names the data directory (default: data).
Every command takes --json. Exit codes: 0 done, 1 failed (or a problem was found), 2 asked in a wrong way.`,
    )
    .showHelpAfterError('(--help shows how)')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
  for (const add of [
    serverCommands,
    messageCommands,
    takeCommand,
    actionCommands,
    undoCommand,
    quarantineCommands,
    entryCommands,
    engineCommands,
    queryCommands,
    importCommand,
    learnCommand,
    organisationCommands,
    policyCommands,
    settingsCommands,
    peopleCommands,
    scanCommand,
  ])
    add(root)
  everyCommandTakesJson(root)
  return root
}

function everyCommandTakesJson(command: Command): void {
  command.exitOverride()
  for (const sub of command.commands) {
    sub.copyInheritedSettings(command)
    if (sub.commands.length === 0 && !sub.options.some((o) => o.long === '--json'))
      sub.option('--json', 'answer in JSON, for programs')
    everyCommandTakesJson(sub)
  }
}
