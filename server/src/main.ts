import { startApp } from './app.ts'
import { AppError, createLog, messageOf, secretTexts } from './base/index.ts'
import { readConfig } from './config.ts'

/** Runs the server until it is told to stop. Returns the exit code: 0 stopped in order, 1 could not start or stop. */
export async function serve(options: { readonly roles?: readonly string[] }): Promise<number> {
  const env = options.roles ? { ...process.env, RECOURSE_ROLES: options.roles.join(',') } : process.env
  const { full: config, settings } = readConfig(env)
  const log = createLog({ level: config.log.level, secrets: secretTexts(settings) })
  const stop = stopSignal((signal) => log.info({ signal }, 'stopping: finishing what runs; again to stop at once'))
  // What nobody has caught may have left something half done: end, and let the next start settle it.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error: unknown) => {
      log.fatal({ err: error }, 'unexpected error: stopping')
      process.exitCode = 1
      stop.now()
    })
  const app = await startApp(config, log)
  log.info(
    { url: app.url, gateway: app.gatewayPorts, roles: config.roles, dataDir: config.dataDir },
    'Recourse is running',
  )
  if (app.setupCode && app.url) process.stdout.write(`\nFirst run: open ${app.url}/setup?code=${app.setupCode}\n\n`)
  await stop.asked
  try {
    await app.stop()
  } catch (error) {
    log.error({ error: messageOf(error) }, 'could not stop in order')
    return 1
  }
  log.info({}, 'stopped')
  return process.exitCode === 1 ? 1 : 0
}

/** The first signal asks to stop, the second stops hard. */
function stopSignal(told: (signal: string) => void): { readonly asked: Promise<void>; now(): void } {
  let now = (): void => {}
  const asked = new Promise<void>((done) => {
    now = done
  })
  let count = 0
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      if (++count > 1) process.exit(130)
      told(signal)
      now()
    })
  return { asked, now }
}

/** For people: what is wrong and what to do. */
export const explain = (error: unknown): string =>
  error instanceof AppError ? `${error.message}\n${error.cure}` : messageOf(error)
