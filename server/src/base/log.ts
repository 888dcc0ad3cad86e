import { type DestinationStream, destination, type Logger, pino, stdSerializers } from 'pino'
import { maskUrl } from './config/secrets.ts'

export type Log = Logger

export interface LogOptions {
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'
  /** Texts that never reach the output, wherever they stand (`secretTexts`). */
  readonly secrets?: readonly string[]
  /** Where lines go; standard error by default, so that a command's output stays clean. */
  readonly to?: DestinationStream
}

const SECRET_KEY =
  /^(.*(password|passwd|secret|authorization|cookie|api-?key|credential).*|pass|(.*[a-z_-])?token|set-cookie)$/i
const MAX_DEPTH = 6

/** Structured log (pino, JSON lines). Values under telling keys, passwords in addresses and known secrets are masked. */
export function createLog(options: LogOptions): Log {
  const secrets = [...new Set(options.secrets ?? [])].filter((s) => s.length >= 4).sort((a, b) => b.length - a.length)
  const out = options.to ?? destination({ fd: 2, sync: true })
  const shield: DestinationStream = {
    write: (line) => {
      let text = maskUrl(line)
      for (const secret of secrets)
        for (const form of new Set([secret, JSON.stringify(secret).slice(1, -1)]))
          text = text.replaceAll(form, '••••••')
      out.write(text)
    },
  }
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: stdSerializers.err, error: (e: unknown) => (e instanceof Error ? stdSerializers.err(e) : e) },
      formatters: {
        level: (label) => ({ level: label }),
        log: (object) => mask(object, 0) as Record<string, unknown>,
      },
    },
    shield,
  )
}

function mask(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((one) => mask(one, depth + 1))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      SECRET_KEY.test(key) && typeof inner === 'string' ? '••••••' : mask(inner, depth + 1),
    ]),
  )
}
