import { execFileSync } from 'node:child_process'

/** The account that servers of the tests run as when the tests run as root (PostgreSQL and Dovecot refuse root). */
export function unprivileged(): { uid: number; gid: number; name: string } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(execFileSync('id', [flag, 'recourse'], { encoding: 'utf8' }).trim())
  return { uid: id('-u'), gid: id('-g'), name: 'recourse' }
}
