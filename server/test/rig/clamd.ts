import { spawn } from 'node:child_process'
import { chown, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unprivileged } from './account.ts'
import { freePort } from './ports.ts'
import { program } from './programs.ts'
import { type Daemon, ready, stop } from './rspamd.ts'

/** The harmless test file that every scanner knows, in pieces, so that none finds it in this source. */
export const EICAR = ['X5O!P%@AP[4', '\\PZX54(P^)7CC)7}$EICAR', '-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('')

/** Signatures of our own instead of the database of 300 MB: EICAR by its bytes, a YARA rule. */
const NDB = `Test.Eicar:0:*:${Buffer.from(EICAR.slice(0, 40)).toString('hex')}\n`
const YARA = 'rule crimson_ledger { strings: $a = "the crimson ledger opens at midnight" condition: $a }\n'

/** Debian's clamd on a port of its own and a Unix socket, with the signatures above. */
export async function startClamd(port?: number): Promise<Daemon & { readonly socket: string }> {
  const dir = await mkdtemp(join(tmpdir(), 'recourse-clamd-'))
  const at = port ?? (await freePort())
  const socket = join(dir, 'clamd.sock')
  await mkdir(join(dir, 'db'))
  await writeFile(join(dir, 'db', 'own.ndb'), NDB)
  await writeFile(join(dir, 'db', 'own.yar'), YARA)
  const settings = {
    ...{
      DatabaseDirectory: join(dir, 'db'),
      LocalSocket: socket,
      TCPSocket: at,
      TCPAddr: '127.0.0.1',
      Foreground: 'yes',
    },
    ...{
      MaxThreads: 4,
      StreamMaxLength: '5M',
      AlertEncryptedArchive: 'yes',
      AlertOLE2Macros: 'yes',
      LogFile: join(dir, 'log'),
    },
  }
  await writeFile(
    join(dir, 'clamd.conf'),
    Object.entries(settings)
      .map(([k, v]) => `${k} ${v}\n`)
      .join(''),
  )
  const account = unprivileged()
  if (account)
    for (const path of ['.', 'db', 'db/own.ndb', 'db/own.yar', 'clamd.conf'])
      await chown(join(dir, path), account.uid, account.gid)
  const child = spawn(program('/usr/sbin/clamd'), ['-c', join(dir, 'clamd.conf'), '--foreground=yes'], {
    cwd: dir,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(account ? { uid: account.uid, gid: account.gid } : {}),
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000)
  })
  const listens = () =>
    new Promise<boolean>((done) => {
      const to = connect(at, '127.0.0.1')
      to.once('connect', () => {
        to.destroy()
        done(true)
      })
      to.once('error', () => done(false))
    })
  await ready(child, listens, () => said)
  return { port: at, socket, pid: child.pid ?? 0, stop: () => stop(child, dir) }
}
