import { Command } from 'commander'
import { jsonText } from './out.ts'

/** The command line with these commands; help and errors are the same whichever they are. */
export function commandLine(commands: readonly ((root: Command) => void)[]): Command {
  const root = new Command('recourse')
    .description('Every verdict can be challenged and every action can be undone.')
    .addHelpText(
      'after',
      `
The command scan works by itself. The other commands talk to a running server: its address from RECOURSE_URL or <data directory>/server.json, the token from
RECOURSE_TOKEN or <data directory>/cli-token; RECOURSE_DATA_DIR names the data directory (default: data).
Every command takes --json. Exit codes: 0 done, 1 failed (or a problem was found), 2 asked in a wrong way.`,
    )
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
  if (process.argv.includes('--json')) root.configureOutput({ outputError: (text, write) => write(asJson(text)) })
  else root.showHelpAfterError('(--help shows how)')
  for (const add of commands) add(root)
  everyCommandTakesJson(root)
  return root
}

/** A program that asks for JSON gets its own mistakes in it too. */
function asJson(text: string): string {
  const message = text.replace(/^error: /, '').trim()
  return `${jsonText({ error: { code: 'usage', message, cure: '--help shows how.' } })}\n`
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
