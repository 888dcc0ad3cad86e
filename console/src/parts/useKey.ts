import { useState } from 'react'

/** One key for one intention: a second click is the same wish. Not `crypto.randomUUID`, which is there on secure pages only. */
export const useKey = (): string => useState(newKey)[0]

const newKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')
