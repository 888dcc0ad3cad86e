import { rmSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { openBrowser } from './browser.ts'
import { copyConsole } from './console-build.ts'
import { type RunningServer, runServer } from './running.ts'

export interface OpenConsole {
  readonly server: RunningServer
  readonly browser: Browser
  close(): Promise<void>
}

/** A server of its own with the console, and a browser for it; nobody has been set up. */
export async function openConsole(env: Readonly<Record<string, string>> = {}): Promise<OpenConsole> {
  const built = copyConsole()
  const server = await runServer({ ...env, RECOURSE_HTTP_CONSOLE_DIR: built })
  const end = async () => {
    await server.stop()
    rmSync(built, { recursive: true, force: true })
  }
  const browser = await openBrowser().catch(async (error: unknown) => {
    await end()
    throw error
  })
  return {
    server,
    browser,
    close: async () => {
      await browser.close()
      await end()
    },
  }
}
