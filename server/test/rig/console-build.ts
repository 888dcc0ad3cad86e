// The console that the tests look at, and pictures of it for people who want to see it.
import { chmodSync, cpSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'

const DIST = process.env['RECOURSE_TEST_CONSOLE'] ?? fileURLToPath(new URL('../../../console/dist', import.meta.url))

/** A copy of the built console, so that a build beside the test does not pull the files away. To be removed by whoever made it. */
export function copyConsole(): string {
  const copy = mkdtempSync(join(tmpdir(), 'recourse-console-'))
  chmodSync(copy, 0o755)
  cpSync(DIST, copy, { recursive: true })
  return copy
}

/** Set to a directory to look at the pages. */
const SHOTS = process.env['RECOURSE_TEST_SHOTS']

export async function shot(page: Page, name: string, options: { readonly fullPage?: boolean } = {}): Promise<void> {
  if (!SHOTS) return
  mkdirSync(SHOTS, { recursive: true })
  await page.screenshot({ path: `${SHOTS}/${name}.png`, ...options })
}
