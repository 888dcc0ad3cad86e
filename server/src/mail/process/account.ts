import { readFileSync } from 'node:fs'
import { AppError } from '../../base/pure.ts'

/** The account that hostile input is parsed as when the server itself runs as root. */
const ACCOUNT = 'recourse'

/** uid and gid for children that parse; undefined when this process is unprivileged already. */
export function parsingAccount(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${ACCOUNT}:`))
  const [, , uid, gid] = line?.split(':').map(Number) ?? []
  if (uid === undefined || gid === undefined || !(uid > 0)) {
    throw new AppError(
      'mail.parser.root',
      `mail must not be parsed as root, and the account ${ACCOUNT} does not exist`,
      `start the server as a normal user, or create the account: useradd --system ${ACCOUNT}`,
      { status: 500 },
    )
  }
  return { uid, gid }
}
