import { messageOf } from '../../base/index.ts'
import { ProviderError, type ProviderErrorCode } from '../provider.ts'
import { codeOf, humanOf } from './wire.ts'

export interface Where {
  readonly host: string
  readonly port: number
  readonly login: string
}

const property = (error: unknown, name: string): unknown =>
  typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined

const text = (error: unknown, name: string): string => {
  const value = property(error, name)
  return typeof value === 'string' ? value : ''
}

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|ERR_SSL|EPROTO|ALTNAME/

/** Why no session could be opened, with the host and what to do about it. */
export function connectError(error: unknown, where: Where): ProviderError {
  const server = `${where.host}:${where.port}`
  const code = text(error, 'code')
  const said =
    [text(error, 'responseText') || text(error, 'reason'), messageOf(error)].find((part) => part !== '') ?? ''
  const fail = (to: ProviderErrorCode, message: string) => new ProviderError(to, message, { cause: error })
  if (property(error, 'authenticationFailed') === true || text(error, 'responseStatus') === 'NO') {
    const reason = codeOf(property(error, 'response'))[0] ?? text(error, 'serverResponseCode')
    if (/UNAVAILABLE|LIMIT|INUSE/i.test(reason)) {
      return fail('unavailable', `${server} cannot serve ${where.login} now (${said}); it is tried again`)
    }
    return fail(
      'denied',
      `${server} refused the login to ${where.login} (${said}): check the account and password under mailboxes.auth, and that this mailbox exists`,
    )
  }
  if (CERTIFICATE.test(code)) {
    return fail(
      'unavailable',
      `the TLS certificate of ${server} was not accepted (${said}): give its authority as mailboxes.tls.ca, its name as mailboxes.tls.servername, or correct the certificate; if the port has no TLS set mailboxes.secure to false`,
    )
  }
  if (code === 'CONNECT_TIMEOUT' || code === 'GREETING_TIMEOUT' || code === 'UPGRADE_TIMEOUT') {
    return fail(
      'unavailable',
      `${server} did not answer in time: check that it runs and that mailboxes.secure fits the port`,
    )
  }
  return fail(
    'unavailable',
    `cannot reach the mail server ${server} for ${where.login} (${code || said}): check that it runs and that mailboxes.host, port and secure are right`,
  )
}

const BY_CODE: Readonly<Record<string, ProviderErrorCode>> = {
  OVERQUOTA: 'quota',
  TRYCREATE: 'no-folder',
  NONEXISTENT: 'no-folder',
  NOPERM: 'denied',
  'READ-ONLY': 'read-only',
  EXPUNGEISSUED: 'unknown',
  UNAVAILABLE: 'unavailable',
  INUSE: 'unavailable',
}

/** What the server said NO or BAD to. Nothing happened, except where the code is `unknown`. */
export function refusal(error: unknown, doing: string, where: Where): ProviderError {
  const response = property(error, 'response')
  const said = humanOf(response) || text(error, 'responseText') || messageOf(error)
  const code = (codeOf(response)[0] ?? '').toUpperCase()
  const kind = BY_CODE[code] ?? (/doesn't exist|does not exist|unknown mailbox/i.test(said) ? 'no-folder' : 'refused')
  const message = `${doing} in ${where.login} at ${where.host}: ${said}${code ? ` [${code}]` : ''}`
  return new ProviderError(kind, message, { cause: error })
}

/** The response code of a refusal: `CANNOT`; '' = it had none. */
export const answerCode = (error: ProviderError): string =>
  (codeOf(property(error.cause, 'response'))[0] ?? '').toUpperCase()

/** Whether imapflow's error is the server's answer (NO, BAD) and not a lost connection. */
export const isAnswer = (error: unknown): boolean => ['NO', 'BAD'].includes(text(error, 'responseStatus'))
