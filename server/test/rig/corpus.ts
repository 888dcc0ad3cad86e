import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../../../../shared/corpus/', import.meta.url))

/** Folder of the corpus of real mail beside the checkout; null where it is missing: tests that need it then skip. */
export const corpus: string | null = existsSync(folder) ? folder : null

/** All files below a folder of the corpus, sorted, that are not its index; [] without the corpus. */
export function corpusFiles(below: string): string[] {
  if (corpus === null) return []
  const entries = readdirSync(join(corpus, below), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && entry.name !== 'index.tsv')
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
