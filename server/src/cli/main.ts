#!/usr/bin/env node
import { type Command, CommanderError } from 'commander'
import { AppError, messageOf } from '../base/pure.ts'
import { jsonText, plain } from './out.ts'

// A reader that has seen enough (`recourse messages | head`) is no mistake.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
})

/** Scan works by itself, and for one file at a time at that: it does not wait for the code of the others. */
async function commands(): Promise<Command> {
  if (process.argv[2] !== 'scan') return (await import('./program.ts')).program()
  const [{ commandLine }, { scanCommand }] = await Promise.all([import('./root.ts'), import('./commands/scan.ts')])
  return commandLine([scanCommand])
}

try {
  await (await commands()).parseAsync()
} catch (error) {
  process.exitCode = fail(error)
}

/** Errors of several lines keep them. */
function lines(text: string): string {
  return text.split('\n').map(plain).join('\n')
}

/** 1 = it did not work, 2 = it was asked in a wrong way. */
function fail(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const asJson = process.argv.includes('--json')
  const app = error instanceof AppError ? error : null
  if (asJson)
    process.stderr.write(
      `${jsonText({ error: { code: app?.code ?? 'failed', message: messageOf(error), cure: app?.cure ?? '' } })}\n`,
    )
  else process.stderr.write(`${lines(messageOf(error))}\n${app ? `${lines(app.cure)}\n` : ''}`)
  if (!app && process.env['RECOURSE_LOG_LEVEL'] === 'debug') console.error(error)
  return app?.code === 'usage' ? 2 : 1
}
