import { readFile, stat } from 'node:fs/promises'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { AppError, messageOf, mustBeFile, parseJson, UnclearJson } from '../../base/index.ts'
import { ProviderError } from '../provider.ts'
import type { ImapOptions } from './options.ts'

/** What one connection signs in with; `authzid`: the user that a master user acts for (RFC 4616). */
export interface Credentials {
  readonly user: string
  readonly pass: string
  readonly authzid?: string
}

const CredentialsFile = Type.Record(
  Type.String(),
  Type.Object({ user: Type.Optional(Type.String()), password: Type.String() }),
)

/** How to log in to a mailbox. Files are read again when they change, so that passwords can be changed while we run. */
export function credentialsOf(auth: ImapOptions['auth']): (login: string) => Promise<Credentials> {
  if (auth.type === 'credentials') return fromFile(auth.file)
  const password = secret(auth)
  if (auth.type === 'master') {
    return async (login) => ({ user: `${login}${auth.separator}${auth.user}`, pass: await password() })
  }
  return async (login) => ({ user: auth.user, pass: await password(), authzid: login })
}

function secret(auth: { password?: string; passwordFile?: string }): () => Promise<string> {
  const { password, passwordFile } = auth
  if (passwordFile !== undefined) {
    return async () => (await readSecret(passwordFile)).split(/\r?\n/, 1)[0] ?? ''
  }
  if (password !== undefined) return async () => password
  throw new AppError(
    'mailboxes.password-missing',
    'The service account for the mailboxes has no password.',
    'Set mailboxes.auth.passwordFile (or mailboxes.auth.password).',
  )
}

async function readSecret(file: string): Promise<string> {
  try {
    mustBeFile(file)
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new ProviderError(
      'denied',
      `the secret file ${file} cannot be read (${messageOf(error)}): check its path and rights`,
    )
  }
}

function fromFile(file: string): (login: string) => Promise<Credentials> {
  let known: { mtime: number; all: Map<string, Credentials> } | null = null
  return async (login) => {
    const mtime = (await stat(file).catch(() => null))?.mtimeMs ?? -1
    if (known?.mtime !== mtime) known = { mtime, all: parse(await readSecret(file), file) }
    const found = known.all.get(login)
    if (!found) throw new ProviderError('denied', `${file} has no credentials for the mailbox ${login}: add them there`)
    return found
  }
}

function parse(text: string, file: string): Map<string, Credentials> {
  try {
    const all = Value.Parse(CredentialsFile, parseJson(text))
    return new Map(Object.entries(all).map(([login, one]) => [login, { user: one.user ?? login, pass: one.password }]))
  } catch (error) {
    if (error instanceof UnclearJson) throw new ProviderError('denied', `${file}: ${error.message}: correct it`)
    // Other reasons are not passed on: they could quote a password.
    throw new ProviderError('denied', `${file} is not {"mailbox": {"user": "…", "password": "…"}}: correct it`)
  }
}
