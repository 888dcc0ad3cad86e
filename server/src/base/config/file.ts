import { lstatSync, readFileSync } from 'node:fs'
import { AppError, messageOf } from '../errors.ts'
import { parseJson, UnclearJson } from '../json.ts'
import { mustBeFile } from '../plain-file.ts'

/** Far more than any configuration needs, and little enough to be read in a moment. */
const MAX_BYTES = 1024 * 1024

/**
 * What a JSON file of settings holds; undefined where it need not be there and is not. Throws AppError `config-file`, which names the
 * file and what is wrong with it, never a piece of it: it can hold passwords.
 */
export function readConfigFile(path: string, required: boolean): unknown {
  try {
    if (!required && !stands(path)) return undefined
    return parse(textOf(path))
  } catch (cause) {
    throw new AppError(
      'config-file',
      `The configuration file ${path} cannot be read: ${messageOf(cause)}`,
      'Check the path, that this account may read it, and that it is one JSON object in UTF-8.',
      { cause },
    )
  }
}

/** A link that leads nowhere was put there by somebody: it is no missing file. A missing directory, or no directory, is named by others. */
function stands(path: string): boolean {
  try {
    return lstatSync(path) !== undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return false
    throw error
  }
}

function textOf(path: string): string {
  const stat = mustBeFile(path)
  if (stat.size > MAX_BYTES) throw new Error(`it has ${stat.size} bytes, and may have ${MAX_BYTES}`)
  try {
    // Takes away the mark of the byte order that some editors write.
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch (error) {
    throw error instanceof TypeError ? new Error('it is not in UTF-8') : error
  }
}

/** The parser's own words where they name a line; it quotes the file otherwise. */
function parse(text: string): unknown {
  if (text.trim() === '') throw new Error('it is empty')
  try {
    return parseJson(text)
  } catch (error) {
    const said = messageOf(error)
    if (error instanceof UnclearJson || /\(line \d+ column \d+\)$/.test(said)) throw new Error(said)
    throw new Error(`it is no JSON, from ${stumbles(text)} on`)
  }
}

const TOKEN =
  /\s+|"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:]/uy

/** The line of the first piece that no JSON has, or the end. */
function stumbles(text: string): string {
  let at = 0
  for (TOKEN.lastIndex = 0; TOKEN.test(text); ) at = TOKEN.lastIndex
  return at === text.length ? 'its end' : `line ${text.slice(0, at).split('\n').length}`
}
