import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { copyFile, mkdir, rename, rm, unlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeConformance, type Owner } from '../conformance/index.ts'
import type { MailboxProvider } from '../provider.ts'
import { splitFlags } from '../state.ts'
import { folderDir, parseName } from './names.ts'
import { createMaildirProvider } from './provider.ts'

let counter = 0

/**
 * The owner at a program that works on the files (moves, copies, removes, makes folders by hand); what needs the table
 * of keywords goes through a session of his own.
 */
async function fileOwner(provider: MailboxProvider, root: string, login: string): Promise<Owner> {
  const session = await provider.open({ login })
  const dir = (folder: string) => join(root, login, folderDir(folder))
  const find = (folder: string, uid: number) => {
    for (const sub of ['new', 'cur']) {
      const name = readdirSync(join(dir(folder), sub)).find((one) => parseName(one).uid === uid)
      if (name) return { path: join(dir(folder), sub, name), name }
    }
    throw new Error(`no message ${uid} in ${folder}`)
  }
  return {
    append: async (folder, bytes, flags, date) => {
      await session.append(folder, { bytes, ...splitFlags(flags), internalDate: date })
    },
    list: async (folder) => {
      const position = await session.position(folder)
      const uids = Array.from({ length: position?.uidNext ?? 0 }, (_, i) => i + 1)
      const states = await session.state(folder, uids)
      return states.map((copy) => ({ uid: copy.ref.uid, flags: [...copy.flags, ...copy.keywords] }))
    },
    move: async (folder, uid, target) => {
      const { path, name } = find(folder, uid)
      await rename(path, join(dir(target), 'cur', name))
    },
    // A program that copies gives the copy a place of its own; the name still says which message it is.
    copy: async (folder, uid, target) => {
      const { path, name } = find(folder, uid)
      const [original] = await session.state(folder, [uid])
      const copy = join(dir(target), 'cur', name.replace(/,U=\d+\.\d+/, `,U=0.${++counter}`))
      await copyFile(path, copy)
      if (!original) return
      await utimes(copy, original.internalDate, original.internalDate)
      const found = await session.find({ serverIds: [original.ref.serverId ?? ''], folders: [target] })
      const made = found.at(-1)
      if (made) await session.setFlags(made.ref, original)
    },
    flag: async (folder, uid, flags) => {
      const [state] = await session.state(folder, [uid])
      if (state) await session.setFlags(state.ref, splitFlags(flags))
    },
    expunge: async (folder, uid) => unlink(find(folder, uid).path),
    createFolder: async (path) => {
      for (const sub of ['tmp', 'new', 'cur']) await mkdir(join(dir(path), sub), { recursive: true })
      await writeFile(join(dir(path), 'maildirfolder'), '')
    },
    renameFolder: async (path, to) => rename(dir(path), dir(to)),
    deleteFolder: async (path) => rm(dir(path), { recursive: true }),
    reaches: async (path) => (await session.folders()).some((folder) => folder.path === path),
  }
}

describeConformance({
  name: 'Maildir',
  differs: { exactBytes: true, anyDate: true },
  start: async () => {
    const root = mkdtempSync(join(tmpdir(), 'recourse-maildir-'))
    const provider = createMaildirProvider({ root })
    return {
      provider,
      owner: (login) => fileOwner(provider, root, login),
      stop: async () => {
        await provider.close()
        rmSync(root, { recursive: true })
      },
    }
  },
})
