import { readFileSync } from 'node:fs'
import { mustBeFile, parseJson } from '../base/pure.ts'

/**
 * What a JSON file holds, `-` = standard input; with or without the mark that editors of Windows begin it with. Throws what reading and
 * `parseJson` throw, and what `mustBeFile` does.
 */
export function jsonFile(file: string): unknown {
  if (file !== '-') mustBeFile(file)
  return parseJson(readFileSync(file === '-' ? 0 : file, 'utf8').replace(/^\ufeff/, ''))
}
