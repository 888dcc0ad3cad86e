const SHOWN: readonly (readonly [path: RegExp, look: string])[] = [
  [/^\/(actions|take-action|undo|quarantine\/(release|delete))\b/, 'Look into the Action center'],
  [/^\/(entries|quarantine\/block-sender)\b/, 'Look into the Tenant Allow/Block List'],
  [/^\/messages\/[^/]+\/submissions$/, 'Look into Submissions'],
]

/** Where one sees whether a write was done whose answer did not arrive: to do it twice is worse than to look. */
export function lookFirst(path: string): string {
  const look = SHOWN.find(([pattern]) => pattern.test(path))?.[1] ?? 'Reload the page and look'
  return `${look} before you do it again.`
}

/** What the server says of itself, and a proxy in front of it: that nothing was done is not in it. */
export const tellsNothing = (status: number, code: string): boolean =>
  status >= 500 && (code.startsWith('http-') || code === 'internal' || code === 'database-down')
