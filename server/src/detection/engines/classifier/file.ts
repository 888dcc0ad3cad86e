import { createHash, randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import Type, { type Static } from 'typebox'
import { Value } from 'typebox/value'
import { AppError, messageOf, mustBeFile } from '../../../base/index.ts'
import { Classifier } from './classifier.ts'
import { CLASSES, type Lesson, packPlaces, unpackPlaces } from './lesson.ts'
import type { Model } from './opinion.ts'
import { PLACES } from './places.ts'
import { START } from './start.ts'

/**
 * A classifier as one file: a line that names the format and the SHA-256 of all that follows it, a line of JSON, then weights and lessons.
 * Whoever opens it trusts its weights: keep it where only its owner writes.
 */
const MAGIC = 'recourse-classifier'
const FORMAT = 1

const count = Type.Integer({ minimum: 0 })
const Head = Type.Object({
  start: Type.String(),
  version: Type.String({ maxLength: 40 }),
  bias: Type.Tuple([Type.Number(), Type.Number()]),
  calibration: Type.Object({ slope: Type.Number(), offset: Type.Number() }),
  taught: Type.Object({ ham: count, spam: count, phish: count }),
  kin: Type.Array(Type.Tuple([Type.String({ maxLength: 64 }), count, count, count])),
  lessons: count,
})

const WEIGHTS = 2 * PLACES * 4

/** The weights alone, in milliseconds: for judging. Throws AppError `model-file`. */
export function openModel(file: string): Model {
  return read(file).model
}

/** With its lessons: for teaching. A file that is not there is an empty classifier. Throws AppError `model-file`. */
export function openClassifier(file: string): Classifier {
  try {
    const { model, head, lessons } = read(file)
    const classifier = new Classifier(readLessons(lessons, head.lessons, file), model)
    // Another start than the one it was made on: the lessons are the same, what follows from them is not.
    if (head.start !== START) classifier.refitNow()
    return classifier
  } catch (error) {
    if (error instanceof AppError && error.code === 'model-missing') return new Classifier()
    throw error
  }
}

/** Written beside it, fsynced and renamed: a crash leaves the old file or the new one. */
export function saveClassifier(file: string, classifier: Classifier): void {
  const bytes = packModel(classifier.model, classifier.lessons())
  const beside = join(dirname(file), `.${randomUUID()}.tmp`)
  try {
    const to = openSync(beside, 'wx', 0o600)
    try {
      writeAll(to, bytes)
      fsyncSync(to)
    } finally {
      closeSync(to)
    }
    renameSync(beside, file)
    const dir = openSync(dirname(file), 'r')
    fsyncSync(dir)
    closeSync(dir)
  } catch (cause) {
    rmSync(beside, { force: true })
    throw new AppError(
      'model-file',
      `The classifier could not be written to ${file}: ${messageOf(cause)}`,
      'Name a file in a directory that this account may write to, with room for it. What was there before is unchanged.',
      { cause },
    )
  }
}

/** A model, with the lessons that it follows from or without. */
export function packModel({ version, weights }: Model, from: Iterable<Lesson> = []): Buffer {
  const lessons = [...from].sort((a, b) => (a.hash < b.hash ? -1 : 1))
  const body = Buffer.concat([floats(weights.spam), floats(weights.phish), ...lessons.flatMap(writeLesson)])
  const head: Static<typeof Head> = {
    start: START,
    version,
    bias: [...weights.bias],
    calibration: weights.calibration,
    taught: weights.taught,
    kin: [...weights.kin].map(([k, [h, s, p]]) => [k, h, s, p]),
    lessons: lessons.length,
  }
  const rest = Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body])
  return Buffer.concat([Buffer.from(`${MAGIC} ${FORMAT} ${sha256(rest)}\n`), rest])
}

/** `name`: what to call it in an error. Throws AppError `model-file`. */
export const unpackModel = (bytes: Buffer, name: string): Model => decode(bytes, name).model

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

function writeAll(to: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(to, bytes, at)
}

const floats = (values: Float32Array): Buffer => {
  const out = Buffer.alloc(values.length * 4)
  values.forEach((v, i) => {
    out.writeFloatLE(v, i * 4)
  })
  return out
}

function read(file: string): { model: Model; head: Static<typeof Head>; lessons: Buffer } {
  let bytes: Buffer
  try {
    mustBeFile(file)
    bytes = readFileSync(file)
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    throw new AppError(
      missing ? 'model-missing' : 'model-file',
      `The classifier ${file} cannot be read: ${messageOf(cause)}`,
      missing
        ? 'Make it with: recourse learn --as ham|spam|phish --model FILE PATH…'
        : 'Name a file that this account may read.',
      { cause },
    )
  }
  return decode(bytes, file)
}

function decode(bytes: Buffer, file: string): { model: Model; head: Static<typeof Head>; lessons: Buffer } {
  const first = bytes.indexOf(10)
  const second = bytes.indexOf(10, first + 1)
  const line = /^recourse-classifier (\d{1,9})(?: ([0-9a-f]{64}))?$/.exec(
    bytes.toString('latin1', 0, Math.max(0, Math.min(first, 120))),
  )
  if (line === null || second < 0) throw damaged(file, 'is no classifier of Recourse, or cut off at the beginning')
  if (Number(line[1]) !== FORMAT)
    throw damaged(file, `has format ${line[1]}; this version of Recourse reads format ${FORMAT}`)
  if (sha256(bytes.subarray(first + 1)) !== line[2])
    throw damaged(file, 'is cut off or damaged: its checksum is not that of its contents')
  const head = parseHead(bytes.toString('utf8', first + 1, second))
  if (head === null) throw damaged(file, 'is damaged: its second line does not describe a classifier')
  const body = bytes.subarray(second + 1)
  if (body.length < WEIGHTS) throw damaged(file, 'is damaged: weights are missing')
  const [spam, phish] = [0, 1].map((i) => readFloats(body.subarray((i * WEIGHTS) / 2, ((i + 1) * WEIGHTS) / 2)))
  if (spam === undefined || phish === undefined) throw damaged(file, 'holds no weights')
  const weights = {
    spam,
    phish,
    bias: head.bias,
    calibration: head.calibration,
    taught: head.taught,
    kin: new Map(head.kin.map(([k, h, s, p]) => [k, [h, s, p] as const])),
  }
  return { model: { version: head.version, weights }, head, lessons: body.subarray(WEIGHTS) }
}

function readFloats(bytes: Buffer): Float32Array {
  // A copy: a Float32Array must begin at a multiple of four.
  const own = new Uint8Array(bytes)
  return new Float32Array(own.buffer)
}

function parseHead(text: string): Static<typeof Head> | null {
  try {
    const head: unknown = JSON.parse(text)
    return Value.Check(Head, head) ? head : null
  } catch {
    return null
  }
}

/** hash · class · length and bytes of the fingerprint · length and bytes of the features */
function writeLesson(lesson: Lesson): Buffer[] {
  const kin = Buffer.from(lesson.kin ?? '', 'latin1')
  const places = packPlaces(lesson.places)
  const head = Buffer.alloc(38)
  head.write(lesson.hash, 0, 32, 'hex')
  head.writeUInt8(CLASSES.indexOf(lesson.as), 32)
  head.writeUInt8(kin.length, 33)
  head.writeUInt32LE(places.length, 34)
  return [head, kin, places]
}

function readLessons(bytes: Buffer, expected: number, file: string): Lesson[] {
  const out: Lesson[] = []
  let at = 0
  while (at < bytes.length) {
    const as = bytes.length - at < 38 ? undefined : CLASSES[bytes.readUInt8(at + 32)]
    if (as === undefined) throw damaged(file, 'holds something that is no lesson')
    const kinEnd = at + 38 + bytes.readUInt8(at + 33)
    const end = kinEnd + bytes.readUInt32LE(at + 34)
    if (end > bytes.length) throw damaged(file, 'ends in the middle of a lesson')
    const kin = bytes.toString('latin1', at + 38, kinEnd)
    const places = unpackPlaces(bytes.subarray(kinEnd, end))
    out.push({ hash: bytes.toString('hex', at, at + 32), as, kin: kin === '' ? null : kin, places })
    at = end
  }
  if (out.length !== expected) throw damaged(file, `holds ${out.length} lessons where it says ${expected}`)
  return out
}

const damaged = (file: string, is: string): AppError =>
  new AppError(
    'model-file',
    `The classifier ${file} ${is}.`,
    'Take the copy of your backup, or remove the file and teach a new one: recourse learn --as ham|spam|phish --model FILE PATH…',
  )
