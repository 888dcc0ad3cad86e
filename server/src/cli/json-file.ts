import { readFileSync } from 'node:fs'
import { parseJson } from '../base/pure.ts'

/**
 * What a JSON file holds, `-` = standard input; with or without the mark that editors of Windows begin it with. Throws what reading and
 * `parseJson` throw.
 */
export const jsonFile = (file: string): unknown =>
  parseJson(readFileSync(file === '-' ? 0 : file, 'utf8').replace(/^\ufeff/, ''))
