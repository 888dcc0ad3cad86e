import { basename } from 'node:path'
import { Compile } from 'typebox/compile'
import { AppError } from '../../base/index.ts'
import { createFeeds, FEED_KINDS, FeedFile, type PackedFeed } from '../../detection/index.ts'

const feedFile = Compile(FeedFile)
const SETTINGS = /,(?=(?:name|format|column|sinceColumn|delimiter|confidence|threat)=)/
/** As a server is set up to by default. */
const LIMITS = { maxBytes: 512 * 1024 * 1024, maxEntries: 5_000_000 }

/**
 * `url=/feeds/urlhaus.txt`, `domain=/feeds/hosts,format=hosts,confidence=low`: the settings are those of the server's configuration. A feed without
 * a name has its file's. Throws AppError `usage`.
 */
export function readFeedOption(text: string): FeedFile {
  const [file = '', ...settings] = text.split(SETTINGS)
  const at = file.indexOf('=')
  const path = file.slice(at + 1)
  const pairs = settings.map((s): [string, string] => [s.slice(0, s.indexOf('=')), s.slice(s.indexOf('=') + 1)])
  const wanted = {
    name: nameOf(path),
    ...Object.fromEntries(pairs.map(([key, value]) => [key, settingOf(key, value)])),
  }
  const feed: unknown = { ...wanted, kind: file.slice(0, Math.max(at, 0)), path }
  if (feedFile.Check(feed)) return feed
  throw new AppError(
    'usage',
    `--feed ${text} is not possible.`,
    `Give KIND=FILE (KIND is ${FEED_KINDS.join(', ')}), then, if need be, settings as for a server: ,format=csv,column=url,confidence=high.`,
  )
}

const settingOf = (key: string, value: string): string | number => {
  if ((key === 'column' || key === 'sinceColumn') && /^\d+$/.test(value)) return Number(value)
  return key === 'delimiter' && value === 'tab' ? '\t' : value
}

const nameOf = (path: string): string =>
  basename(path)
    .toLowerCase()
    .replace(/\.[a-z]+$/, '')
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 40)

/** Reads feeds for the processes that judge: they may read no files. Throws AppError `feed` for one that cannot be used, `usage` for a name twice. */
export async function loadFeeds(files: readonly FeedFile[]): Promise<readonly PackedFeed[]> {
  const twice = files.find((f, n) => files.findIndex((o) => o.name === f.name) !== n)
  if (twice)
    throw new AppError('usage', `Two feeds are called ${twice.name}.`, `Name one: --feed ${twice.kind}=FILE,name=other`)
  const silent = () => undefined
  const feeds = createFeeds({ files, limits: LIMITS, log: { info: silent, warn: silent } })
  await feeds.check()
  const bad = feeds.statuses().find((s) => s.state === 'failed')
  if (bad)
    throw new AppError('feed', `The feed ${bad.path} cannot be used: ${bad.lastError?.message}.`, 'See docs/feeds.md.')
  return feeds.packed()
}
