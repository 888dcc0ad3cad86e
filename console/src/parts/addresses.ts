import { visible } from './text.ts'

/** Addresses as people write them one after the other. */
export const addressesIn = (text: string): string[] => text.split(/[\s,;]+/).filter((part) => part !== '')

/** Why these addresses cannot be asked for; null = they can. */
export function wrongAddress(text: string): string | null {
  const odd = addressesIn(text).find((part) => !/^[^@]+@[^@]+$/.test(part))
  return odd === undefined ? null : `${visible(odd, 120)} is not a whole address.`
}
