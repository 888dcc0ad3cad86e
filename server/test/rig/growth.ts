/**
 * How many times the processor time of `work(size)` the work on four times as much takes: about 4 where it is linear, 16 where it grows with the square.
 * Says the same on a fast, a slow and a busy machine: the least of several rounds of each, in turns, and each round long enough to be measured.
 */
export function growth(work: (size: number) => unknown, size: number): number {
  let least = Number.POSITIVE_INFINITY
  // What disturbs one measurement is gone in the next; the square of the length never is.
  for (let attempt = 0; attempt < 4 && least >= LINEAR; attempt++) least = Math.min(least, measured(work, size))
  return least
}

function measured(work: (size: number) => unknown, size: number): number {
  const time = (n: number, times: number) => {
    const before = cpuTime()
    for (let i = 0; i < times; i++) work(n)
    return cpuTime() - before
  }
  let times = 1
  while (time(size, times) < MEASURABLE_US && times < 10_000) times *= 2
  const least = { once: Number.POSITIVE_INFINITY, fourfold: Number.POSITIVE_INFINITY }
  for (let round = 0; round < 4; round++) {
    // The clock may go in ticks: nothing measured is no measure of anything.
    least.once = Math.min(least.once, time(size, times) || TICK_US)
    least.fourfold = Math.min(least.fourfold, time(size * 4, times) || TICK_US)
  }
  return least.fourfold / least.once
}

/** µs, of the process. Both parts: the kernel guesses how to divide between them, so that one alone may stand still through 40 ms of work. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

const TICK_US = 1_000
const MEASURABLE_US = 10_000

/** What is linear stays below, what grows with the square does not. */
export const LINEAR = 9
