/**
 * Copies that were taken more than once lie in layers: each item has put the copy where the one before left off. What can be taken
 * back is what lies on top, and with it, in one step, the layers below it that are taken back too. Pure.
 */
export interface Layer {
  readonly id: string
  readonly actionId: string
  readonly actionName: string
  /** Further copies of the user's are told apart by where they went, the delivery's own copy by the order of what was done to it. */
  readonly sameAs: string | null
  readonly undoes: string | null
  readonly chosen: boolean
  /** Milliseconds; Infinity: not done yet, but to be done. */
  readonly at: number
  /** Places as text that can be compared. */
  readonly before: string | null
  readonly after: string | null
}

export interface Piles<L extends Layer> {
  /** Uppermost layer first; the copy goes from where the first has put it to where the last has found it. */
  readonly piles: readonly (readonly [L, ...L[]])[]
  readonly blocked: readonly { readonly layer: L; readonly by: L }[]
}

/** Why a layer cannot be taken back before the one that lies on it. */
export const onTop = ({ actionName, at }: Layer): string =>
  at === Number.POSITIVE_INFINITY
    ? `“${actionName}” has still to act on it: cancel that, or wait until it has ended.`
    : `It was taken on since by “${actionName}”: undo that first.`

/** The layers of one delivery's copies. */
export function pilesOf<L extends Layer>(layers: readonly L[]): Piles<L> {
  // What was undone and its undo cancel out; an undo counts only where it is itself to be taken back.
  const counting = layers.filter((l) => l.undoes === null || l.chosen).sort(newestFirst)
  const piles: [L, ...L[]][] = []
  const blocked: { layer: L; by: L }[] = []
  for (const chain of [
    counting.filter((l) => l.sameAs === null),
    ...chainsOf(counting.filter((l) => l.sameAs !== null)),
  ]) {
    const pile: L[] = []
    let by: L | null = null
    for (const layer of chain) {
      if (!layer.chosen) by ??= layer
      else if (by === null) pile.push(layer)
      else blocked.push({ layer, by })
    }
    const [top, ...below] = pile
    if (top) piles.push([top, ...below])
  }
  return { piles, blocked }
}

/** By when it was done; what was done at the same instant, in the order of the actions. */
const newestFirst = (a: Layer, b: Layer): number => {
  if (a.at !== b.at) return a.at < b.at ? 1 : -1
  return `${a.actionId} ${a.id}` < `${b.actionId} ${b.id}` ? 1 : -1
}

/** Further copies, each with what was done to it: one leads to the next by the place where it was put. */
function chainsOf<L extends Layer>(layers: readonly L[]): L[][] {
  const left = new Set(layers)
  const chains: L[][] = []
  for (const start of layers) {
    if (!left.delete(start)) continue
    const chain = [start]
    for (let last = start; ; ) {
      const below = [...left].find((l) => l.after !== null && l.after === last.before)
      if (!below) break
      left.delete(below)
      chain.push(below)
      last = below
    }
    chains.push(chain)
  }
  return chains
}
