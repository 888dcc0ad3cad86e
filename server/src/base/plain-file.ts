import { type Stats, statSync } from 'node:fs'

/** A pipe that is open already, as a shell's `<(…)` and `< file` are: whoever writes into it is there. */
const OPEN = /^\/dev\/(?:stdin|fd\/\d+)$|^\/proc\/self\/fd\/\d+$/

/**
 * Throws for what stands under the name of a file and is none: a named pipe waits for a writer for ever, a device can have no end. Throws
 * what the file system throws, too.
 */
export function mustBeFile(path: string): Stats {
  const stat = statSync(path)
  if (stat.isFile() || (stat.isFIFO() && OPEN.test(path))) return stat
  throw new Error(`it is ${kindOf(stat)}, and must be a file`)
}

function kindOf(stat: Stats): string {
  if (stat.isDirectory()) return 'a directory'
  if (stat.isFIFO()) return 'a named pipe'
  if (stat.isSocket()) return 'a socket'
  return 'a device'
}
