/** So many a minute and no more, with a minute's worth saved up at most. `wanted` → how many may be taken now. */
export function createThrottle(perMinute: number, now: () => number = () => performance.now()) {
  let tokens = perMinute
  let at = now()
  return (wanted: number): number => {
    const time = now()
    tokens = Math.min(perMinute, tokens + ((time - at) / 60_000) * perMinute)
    at = time
    const given = Math.max(0, Math.min(wanted, Math.floor(tokens)))
    tokens -= given
    return given
  }
}
