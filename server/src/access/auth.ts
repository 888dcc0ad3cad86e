import { hkdfSync } from 'node:crypto'
import { betterAuth } from 'better-auth'
import type { Log } from '../base/index.ts'
import { uuidv7 } from '../base/index.ts'
import type { Db } from '../storage/index.ts'

export interface AuthOptions {
  readonly db: Db
  /** Bytes that only this installation has (the master key file): session cookies are signed with what is derived from it. */
  readonly key: Buffer
  /** The address that people type, `https://…`; null = whatever host they reach us by, which is for loopback. */
  readonly publicUrl: string | null
  readonly log: Log
}

export const AUTH_SCHEMA = 'recourse_auth'
export const AUTH_PATH = '/api/auth'
/** Header in which we tell the library who the client is; what a client sends under this name is dropped. */
export const CLIENT_IP_HEADER = 'x-recourse-client-ip'
export const MIN_PASSWORD = 12

/** What the library may be asked from outside; all else of it is shut (sign-up above all). */
export const AUTH_ROUTES: ReadonlySet<string> = new Set([
  'POST /sign-in/email',
  'POST /sign-out',
  'GET /get-session',
  'POST /change-password',
  'GET /list-sessions',
  'POST /revoke-sessions',
  'POST /revoke-other-sessions',
])

/** The library's configuration. Exported for the test that its tables are those of our migration. */
export function authOptions({ db, key, publicUrl, log }: AuthOptions) {
  const secure = publicUrl?.startsWith('https://') ?? false
  return {
    appName: 'Recourse',
    basePath: AUTH_PATH,
    ...(publicUrl ? { baseURL: publicUrl } : {}),
    secret: Buffer.from(hkdfSync('sha256', key, 'recourse', 'session cookies', 32)).toString('hex'),
    database: { db, type: 'postgres' as const, schemaName: AUTH_SCHEMA, transaction: true },
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: MIN_PASSWORD,
      maxPasswordLength: 256,
      revokeSessionsOnPasswordReset: true,
    },
    session: { expiresIn: 12 * 3600, updateAge: 15 * 60, cookieCache: { enabled: false } },
    trustedOrigins: (request?: Request) => (publicUrl ? [publicUrl] : request ? [new URL(request.url).origin] : []),
    rateLimit: {
      enabled: true,
      window: 60,
      max: 300,
      storage: 'memory' as const,
      customRules: {
        '/sign-in/*': { window: 60, max: 30 },
        '/change-password': { window: 60, max: 10 },
      },
    },
    advanced: {
      cookiePrefix: 'recourse',
      useSecureCookies: secure,
      defaultCookieAttributes: { httpOnly: true, sameSite: 'strict' as const, secure, path: '/' },
      ipAddress: { ipAddressHeaders: [CLIENT_IP_HEADER] },
      database: { generateId: () => uuidv7() },
    },
    telemetry: { enabled: false },
    logger: {
      level: 'error' as const,
      log: (_level: string, message: string) => log.error(message),
    },
  }
}

export const makeAuth = (options: AuthOptions) => betterAuth(authOptions(options))
export type Auth = ReturnType<typeof makeAuth>
