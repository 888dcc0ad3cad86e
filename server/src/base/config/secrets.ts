import type { Setting } from './load.ts'

// Every part is bounded: it reads log lines, and these can hold long words of hostile mail.
const PASSWORD_IN_URL = /([a-z][a-z0-9+.-]{0,30}:\/\/[^\s:/@]{0,300}):([^\s@]{1,2000})@/gi

/** An address without its password. */
export const maskUrl = (text: string): string => text.replace(PASSWORD_IN_URL, '$1:…@')

/** A setting's value as it may be shown: secrets masked, passwords in addresses as well. */
export function shownValue(setting: Pick<Setting, 'value' | 'secret'>): unknown {
  if (setting.value === undefined || setting.value === null) return setting.value
  if (typeof setting.value === 'string') {
    const masked = maskUrl(setting.value)
    if (!setting.secret) return masked
    return masked === setting.value ? '••••••' : masked
  }
  return setting.secret ? '••••••' : setting.value
}

/** Texts that must not appear in a log: secret settings, and the passwords inside of addresses. */
export function secretTexts(settings: readonly Setting[]): string[] {
  return settings.flatMap(({ value, secret }) => {
    if (typeof value !== 'string') return []
    const passwords = [...value.matchAll(PASSWORD_IN_URL)].map((m) => m[2] ?? '')
    const all = passwords.length > 0 ? passwords : secret ? [value] : []
    return all.flatMap((text) => [text, decode(text)]).filter((text) => text.length >= 4)
  })
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
