import { createHash } from 'node:crypto'
import { fitNow, fitSlowly } from './fit.ts'
import { CLASSES, type Class, type Lesson } from './lesson.ts'
import type { Model } from './opinion.ts'
import { SHIPPED, START, startWeights } from './start.ts'

/** Copies of one text that are learnt, per class: the 21st says nothing that 20 did not, and a flood must not drown the rest. */
export const MOST_KIN = 20
/** Lessons of one classifier: 2 KB of memory each, a second and a half to learn them all anew. */
export const MOST_LESSONS = 20_000

/**
 * `learnt`: new. `changed`: was taught as something else before, which is forgotten. `known`: nothing changed.
 * `enough`: that many copies of its text are known. `full`: no room.
 */
export type Learnt = 'learnt' | 'changed' | 'known' | 'enough' | 'full'

/**
 * Lessons and the weights that follow from them. The weights depend on the set of lessons alone: in whatever order they were taught, and
 * whatever was taught and forgotten in between.
 */
export class Classifier {
  readonly #lessons = new Map<string, Lesson>()
  readonly #kin = new Map<string, number>()
  #model: Model

  /** `model`: weights that were kept with these lessons. */
  constructor(lessons: Iterable<Lesson> = [], model: Model = SHIPPED) {
    for (const lesson of lessons) this.#put(lesson)
    this.#model = model
  }

  /** As of the last `refit`. */
  get model(): Model {
    return this.#model
  }

  get size(): number {
    return this.#lessons.size
  }

  lessons(): IterableIterator<Lesson> {
    return this.#lessons.values()
  }

  lesson(hash: string): Lesson | undefined {
    return this.#lessons.get(hash)
  }

  /** Takes effect with the next `refit`. */
  learn(lesson: Lesson): Learnt {
    const before = this.#lessons.get(lesson.hash)
    if (before?.as === lesson.as) return 'known'
    const kin = kinKey(lesson)
    if (kin !== null && (this.#kin.get(kin) ?? 0) >= MOST_KIN) return 'enough'
    if (before === undefined && this.#lessons.size >= MOST_LESSONS) return 'full'
    if (before !== undefined) this.forget(lesson.hash)
    this.#put(lesson)
    return before === undefined ? 'learnt' : 'changed'
  }

  /** As if it had never been taught, from the next `refit` on. False: was not known. */
  forget(hash: string): boolean {
    const lesson = this.#lessons.get(hash)
    if (lesson === undefined) return false
    this.#lessons.delete(hash)
    const kin = kinKey(lesson)
    if (kin !== null) {
      const left = (this.#kin.get(kin) ?? 1) - 1
      if (left === 0) this.#kin.delete(kin)
      else this.#kin.set(kin, left)
    }
    return true
  }

  async refit(): Promise<Model> {
    const version = this.#version()
    const weights = await fitSlowly([...this.#lessons.values()], startWeights())
    this.#model = { version, weights }
    return this.#model
  }

  refitNow(): Model {
    this.#model = { version: this.#version(), weights: fitNow(this.#lessons.values(), startWeights()) }
    return this.#model
  }

  #put(lesson: Lesson): void {
    this.#lessons.set(lesson.hash, lesson)
    const kin = kinKey(lesson)
    if (kin !== null) this.#kin.set(kin, (this.#kin.get(kin) ?? 0) + 1)
  }

  #version(): string {
    return versionOf(this.#lessons.values())
  }
}

/** Two classifiers with the same version have learnt the same. */
export function versionOf(lessons: Iterable<Pick<Lesson, 'hash' | 'as'>>): string {
  const all = [...lessons].map((l) => `${l.hash} ${CLASSES.indexOf(l.as)}`).sort()
  if (all.length === 0) return START
  return `${all.length}-${createHash('sha256')
    .update(`${START}\n${all.join('\n')}`)
    .digest('hex')
    .slice(0, 8)}`
}

const kinKey = (lesson: { readonly kin: string | null; readonly as: Class }): string | null =>
  lesson.kin === null ? null : `${lesson.as} ${lesson.kin}`
