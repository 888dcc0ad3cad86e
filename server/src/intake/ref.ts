import type { CopyRef } from '../mailboxes/index.ts'
import type { CopyRefJson } from '../records/index.ts'

export const refJson = (ref: CopyRef): CopyRefJson => ({
  folder: ref.folder,
  folderId: ref.folderId,
  uidValidity: ref.uidValidity,
  uid: ref.uid,
  serverId: ref.serverId,
})
