import { ApiError } from '../api/client.ts'

const AGAIN_MS = 30_000
const KEY = 'recourse.reloaded'

/** Whether a reload would end at a page of ours, and not at the browser's own about a server that does not answer. */
async function answers(): Promise<boolean> {
  const asked = await fetch('/', { cache: 'no-store' }).catch(() => null)
  return asked?.ok ?? false
}

/** Takes the files that the server has now, as soon as it answers. */
export async function reloadWhenBack(): Promise<void> {
  if (!(await answers())) return
  sessionStorage.setItem(KEY, String(Date.now()))
  location.reload()
}

/**
 * A part of the console that is fetched when it is needed. After an update of the server the files of an open page are gone: the new ones
 * are taken by a reload, but never in a circle, and never while the server is away. Rejects with ApiError `files-away`, `file-missing`.
 */
export const loaded =
  <T>(fetchIt: () => Promise<T>) =>
  async (): Promise<T> => {
    try {
      return await fetchIt()
    } catch {
      if (!(await answers()))
        throw new ApiError(0, {
          code: 'files-away',
          message: 'The server cannot be reached.',
          cure: 'Check the connection and that Recourse is running; this page tries again by itself.',
        })
      if (Date.now() - Number(sessionStorage.getItem(KEY) ?? 0) < AGAIN_MS)
        throw new ApiError(404, {
          code: 'file-missing',
          message: 'A file of this page is missing on the server.',
          cure: 'Try again; if it stays, the console of this Recourse is not whole: install it anew.',
        })
      await reloadWhenBack()
      // Until the new page is there, this one stays as it is.
      return await new Promise<never>(() => undefined)
    }
  }
