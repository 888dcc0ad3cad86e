import { existsSync } from 'node:fs'

/** The programs of others that the tests start, each with its Debian package. `bin/test` installs all of them. */
const PROGRAMS = {
  '/usr/bin/chromium': 'chromium',
  '/usr/bin/rspamd': 'rspamd',
  '/usr/bin/unzip': 'unzip',
  '/usr/sbin/clamd': 'clamav-daemon',
  '/usr/sbin/dovecot': 'dovecot-imapd',
} as const

/**
 * The path of a program. One that is missing fails the tests that need it: skipped, they would be green on a machine where nothing
 * was looked at. Only the data beside the checkout may be missing (`corpus.ts`); what needs that is skipped.
 */
export function program(path: keyof typeof PROGRAMS): string {
  if (existsSync(path)) return path
  throw new Error(missing(path, PROGRAMS[path]))
}

export const missing = (what: string, debianPackage: string): string =>
  `${what} is missing, and tests are not skipped for that: apt-get install ${debianPackage}`
