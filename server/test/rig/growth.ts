/**
 * How many times the processor time of `work(size / 4)` the work on sixteen times as much takes: about 16 where it is linear, 256 where it grows with the square.
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
  const small = Math.ceil(size / 4)
  let times = 1
  while (time(small, times) < MEASURABLE_US && times < 10_000) times *= 2
  const least = { small: Number.POSITIVE_INFINITY, large: Number.POSITIVE_INFINITY }
  for (let round = 0; round < 4; round++) {
    // The clock may go in ticks: nothing measured is no measure of anything.
    least.small = Math.min(least.small, time(small, times) || TICK_US)
    least.large = Math.min(least.large, time(small * 16, times) || TICK_US)
  }
  return least.large / least.small
}

/** µs, of the process. Both parts: the kernel guesses how to divide between them, so that one alone may stand still through 40 ms of work. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

const TICK_US = 1_000
const MEASURABLE_US = 10_000

/** What is linear stays below, what grows with the square does not: as far from 16 as from 256, as collected garbage costs more where there is more of it. */
export const LINEAR = 64
