import type { Command } from 'commander'
import { actionCommands } from './commands/actions.ts'
import { brakeCommands } from './commands/brake.ts'
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
import { submissionCommands } from './commands/submissions.ts'
import { takeCommand } from './commands/take.ts'
import { undoCommand } from './commands/undo.ts'
import { commandLine } from './root.ts'

export const program = (): Command =>
  commandLine([
    serverCommands,
    messageCommands,
    submissionCommands,
    takeCommand,
    actionCommands,
    undoCommand,
    quarantineCommands,
    entryCommands,
    engineCommands,
    brakeCommands,
    queryCommands,
    importCommand,
    learnCommand,
    organisationCommands,
    policyCommands,
    settingsCommands,
    peopleCommands,
    scanCommand,
  ])
