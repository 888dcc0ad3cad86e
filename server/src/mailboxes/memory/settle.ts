import type { CopyState, Doubt, Flags, Settled } from '../provider.ts'
import { settleDoubt } from '../settle.ts'
import {
  type MemoryFolder,
  type MemoryMailbox,
  type MemoryMessage,
  type MemoryTraits,
  sha256,
  stateOf,
} from './model.ts'

/** ✂3 and ✂6 of P1. */
export function settle(box: MemoryMailbox, traits: MemoryTraits, doubt: Doubt): Promise<ReadonlyMap<number, Settled>> {
  return settleDoubt(doubt, {
    marks: !traits.uidPlus,
    stable: async () => box.rest(),
    source: async () => copiesIn(box, traits, doubt.source, () => true),
    target: async () => sinceDoubt(box, traits, doubt),
    remove: async (copies) => copies.map((copy) => removeCopy(box, traits, copy)).every(Boolean),
    setFlags: async (copy, like) => makeLike(box, traits, copy, like),
    hashes: async (copies) => new Map(copies.map((copy) => [copy, hashOf(box, copy)])),
  })
}

/** The original goes; without UIDPLUS it can only be marked. False: it is still there. */
export function takeOriginal(
  box: MemoryMailbox,
  traits: MemoryTraits,
  source: MemoryFolder,
  message: MemoryMessage,
): boolean {
  if (traits.uidPlus) return box.remove(source, message.uid)
  if (!message.flags.includes('\\Deleted')) message.flags = [...message.flags, '\\Deleted']
  return false
}

const messageOf = (folder: MemoryFolder | undefined, copy: CopyState): MemoryMessage | undefined =>
  folder?.messages.find((message) => message.uid === copy.ref.uid)

function removeCopy(box: MemoryMailbox, traits: MemoryTraits, copy: CopyState): boolean {
  const folder = box.folder(copy.ref.folder)
  const message = messageOf(folder, copy)
  return message ? takeOriginal(box, traits, folder, message) : true
}

function copiesIn(
  box: MemoryMailbox,
  traits: MemoryTraits,
  path: string,
  wanted: (message: MemoryMessage) => boolean,
): CopyState[] {
  const folder = box.folders.get(path)
  return folder ? folder.messages.filter(wanted).map((message) => stateOf(folder, message, traits.serverIds)) : []
}

function sinceDoubt(box: MemoryMailbox, traits: MemoryTraits, { target, items }: Doubt): CopyState[] {
  const folder = box.folders.get(target.folder)
  const same = folder && String(folder.uidValidity) === target.uidValidity
  const copies = copiesIn(box, traits, target.folder, (message) => !same || message.uid >= target.uidNext)
  if (traits.uidPlus || items.some((item) => item.flags.includes('\\Deleted'))) return copies
  return copies.filter((copy) => !copy.flags.includes('\\Deleted'))
}

function makeLike(box: MemoryMailbox, traits: MemoryTraits, copy: CopyState, like: Flags): CopyState {
  const folder = box.folder(copy.ref.folder)
  const message = messageOf(folder, copy)
  if (!message) return copy
  box.setFlags(message, [...like.flags, ...like.keywords])
  return stateOf(folder, message, traits.serverIds)
}

function hashOf(box: MemoryMailbox, copy: CopyState): string {
  const message = messageOf(box.folders.get(copy.ref.folder), copy)
  return message ? sha256(message.bytes) : `gone ${copy.ref.uid}`
}
