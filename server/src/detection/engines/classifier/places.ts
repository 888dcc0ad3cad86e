/** Places for features: two of 131,072 words share one rarely enough, and a model stays at 2 MB. */
export const PLACES = 1 << 18

/** Where hashing begins. */
export const START_OF_TEXT = 2166136261 | 0

/** FNV-1a over more text. */
export function hashOn(state: number, text: string): number {
  let h = state
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619)
  return h
}

/** The place of what was hashed: stirred, so that the low bits depend on all of the text. */
export function placeAt(state: number): number {
  let h = Math.imul(state ^ (state >>> 15), 2246822507)
  h = Math.imul(h ^ (h >>> 13), 3266489909)
  return (h ^ (h >>> 16)) & (PLACES - 1)
}
