import { readFileSync } from 'node:fs'

/** What a JSON file holds, `-` = standard input; with or without the mark that editors of Windows begin it with. Throws what reading and parsing throw. */
export const jsonFile = (file: string): unknown =>
  JSON.parse(readFileSync(file === '-' ? 0 : file, 'utf8').replace(/^\ufeff/, ''))
