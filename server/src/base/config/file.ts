import { lstatSync, readFileSync, statSync } from 'node:fs'
import { AppError, messageOf } from '../errors.ts'

/** Far more than any configuration needs, and little enough to be read in a moment. */
const MAX_BYTES = 1024 * 1024
const MAX_DEPTH = 50

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
  const stat = statSync(path)
  // `<(…)` of a shell is a pipe.
  if (!stat.isFile() && !stat.isFIFO()) throw new Error(stat.isDirectory() ? 'it is a directory' : 'it is no file')
  if (stat.size > MAX_BYTES) throw new Error(`it has ${stat.size} bytes, and may have ${MAX_BYTES}`)
  try {
    // Takes away the mark of the byte order that some editors write.
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path))
  } catch (error) {
    throw error instanceof TypeError ? new Error('it is not in UTF-8') : error
  }
}

function parse(text: string): unknown {
  if (text.trim() === '') throw new Error('it is empty')
  const value = jsonOf(text)
  const again = repeated(text)
  if (again !== null) throw new Error(`${again} stands in it twice`)
  return value
}

/** The parser's own words where they name a line; it quotes the file otherwise. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const said = messageOf(error)
    throw new Error(/\(line \d+ column \d+\)$/.test(said) ? said : `it is no JSON, from ${stumbles(text)} on`)
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

/** Of valid JSON: the path of the first name that stands twice in one object. The parser would take the last, and drop the others. */
function repeated(text: string): string | null {
  const open: { readonly keys: Set<string>; key: string }[] = []
  let last = ''
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    const inner = open.at(-1)
    if (open.length > MAX_DEPTH) throw new Error(`it is nested more than ${MAX_DEPTH} deep`)
    if (token === '{' || token === '[') open.push({ keys: new Set(), key: '' })
    else if (token === '}' || token === ']') open.pop()
    else if (token === ':' && inner) {
      inner.key = String(JSON.parse(last))
      if (inner.keys.has(inner.key)) return open.flatMap(({ key }) => (key === '' ? [] : [key])).join('.')
      inner.keys.add(inner.key)
    }
    last = token
  }
  return null
}
