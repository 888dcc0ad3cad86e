import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { parsingAccount } from './account.ts'

/** How far a parsing process is kept from the rest of the machine. */
export type Isolation =
  /** No network at all, no sight of the named folders or of other processes' memory. */
  | { readonly kind: 'namespaces' }
  /** Only Node's permission model; `why` says what is missing, for operators. */
  | { readonly kind: 'none'; readonly why: string }

const UNSHARE = '/usr/bin/unshare'
const SETPRIV = '/usr/bin/setpriv'

/**
 * Own user, network and mount namespace under the same account: the kernel then refuses network, and a look into the server's own
 * process (its memory and environment belong to another user namespace). The capabilities that mounting needs are given up before
 * the parser starts.
 */
const NAMESPACES = ['--user', '--map-current-user', '--keep-caps', '--net', '--mount', '--']
const NO_RIGHTS = ['--no-new-privs', '--ambient-caps=-all', '--inh-caps=-all', '--bounding-set=-all', '--']
/** $1 = number of folders and files to cover, then these, then the command. */
const COVER = `n=$1; shift
while [ "$n" -gt 0 ]; do
  if [ -d "$1" ]; then mount -t tmpfs -o size=4k,mode=0555,ro none "$1"; else mount --bind /dev/null "$1"; fi || exit 120
  shift; n=$((n-1))
done
exec "$@"`

export interface Command {
  readonly path: string
  readonly args: readonly string[]
}

/**
 * `command`, wrapped so that it runs without network and sees nothing in place of the folders and files `hide`, /run and /tmp.
 * What holds one of `needed` stays: a program that lies below a folder of data cannot run without it.
 */
export function isolated(command: Command, hide: readonly string[], needed: readonly string[] = []): Command {
  const must = [...needed, command.path, '/usr/', '/proc/', '/dev/']
  const there = [...new Set([...hide, '/run', '/tmp'])].filter(
    (path) => existsSync(path) && !must.some((p) => p === path || p.startsWith(path.endsWith('/') ? path : `${path}/`)),
  )
  // What lies below another is covered with it, and no longer there to be covered.
  const outer = there.filter((path) => !there.some((o) => o !== path && path.startsWith(`${o}/`)))
  const inside = [SETPRIV, ...NO_RIGHTS, command.path, ...command.args]
  return {
    path: UNSHARE,
    args: [...NAMESPACES, '/bin/sh', '-c', COVER, 'sh', String(outer.length), ...outer, ...inside],
  }
}

let known: Isolation | undefined

/** What this machine allows; tried once. Containers and hardened kernels may forbid user namespaces. */
export function isolation(): Isolation {
  known ??= tryIt()
  return known
}

function tryIt(): Isolation {
  if (process.platform !== 'linux') return { kind: 'none', why: 'namespaces exist on Linux only' }
  for (const tool of [UNSHARE, SETPRIV]) if (!existsSync(tool)) return { kind: 'none', why: `${tool} is missing` }
  const { path, args } = isolated({ path: '/bin/true', args: [] }, ['/mnt'])
  const tried = spawnSync(path, [...args], {
    ...parsingAccount(),
    cwd: '/',
    env: {},
    encoding: 'utf8',
    timeout: 10_000,
  })
  if (tried.status === 0) return { kind: 'namespaces' }
  const why = tried.stderr?.trim().split('\n')[0] || tried.error?.message || `exit ${tried.status}`
  return { kind: 'none', why: `this system does not allow it (${why})` }
}
