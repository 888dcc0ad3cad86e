import { describeConformance, type Owner } from '../conformance/index.ts'
import { createMemoryProvider, type MemoryOptions, type MemoryProvider } from './provider.ts'

function memoryOwner(provider: MemoryProvider, login: string): Owner {
  const user = provider.user(login)
  return {
    append: async (folder, bytes, flags, date) => void user.append(folder, bytes, { flags, date }),
    list: async (folder) =>
      user.list(folder).map((copy) => ({ uid: copy.ref.uid, flags: [...copy.flags, ...copy.keywords] })),
    move: async (folder, uid, target) => void user.move(folder, uid, target),
    copy: async (folder, uid, target) => void user.copy(folder, uid, target),
    flag: async (folder, uid, flags) => user.flag(folder, uid, flags),
    expunge: async (folder, uid) => user.expunge(folder, uid),
    createFolder: async (path) => user.createFolder(path),
    renameFolder: async (path, to) => user.renameFolder(path, to),
    deleteFolder: async (path) => user.deleteFolder(path),
    reaches: async (path) => user.folders().includes(path),
  }
}

const variants: readonly [string, MemoryOptions][] = [
  ['memory', {}],
  ['memory without UIDPLUS', { uidPlus: false }],
  ['memory without ids of the server, the hold to be seen', { serverIds: false, holdHidden: false }],
]

for (const [name, options] of variants) {
  describeConformance({
    name,
    differs: {
      exactBytes: true,
      marksOnly: options.uidPlus === false,
      holdVisible: options.holdHidden === false,
    },
    start: async () => {
      const provider = createMemoryProvider(options)
      return { provider, owner: async (login) => memoryOwner(provider, login), stop: () => provider.close() }
    },
  })
}
