/**
 * Top-level domains in which most of what is registered is registered to be thrown away: cheap or free names without checks. Source: the
 * abuse statistics that registries, Spamhaus and Interisle publish year by year; a name here is a hint and never more.
 * Weight in points for a sender's domain.
 */
const CHEAP = `xyz top icu club online site website space store shop click link buzz cyou cfd sbs rest live life fun monster quest bond lol
beauty hair skin makeup boats yachts autos motorcycles homes mom pics cam stream download racing win bid loan date faith review trade party science
work men webcam accountant cricket gdn kim country host press uno surf best today world email support services center zone guru
rocks pro fit vip ink wang ren vin one tokyo london nyc agency digital solutions systems company network media social network guide tips expert
ltd group biz info mobi zip mov`
/** Used by honest people as well. */
const WEAK = new Set(
  'info biz mobi pro one ltd group media network email systems company digital agency center solutions social guide today world zone expert tokyo london nyc live services support'.split(
    ' ',
  ),
)
const FREE = 'tk ml ga cf gq pw cc su ws'

export const CHEAP_TLDS: ReadonlyMap<string, number> = new Map([
  ...CHEAP.split(/\s+/).map((t): [string, number] => [t, WEAK.has(t) ? 0.4 : 1.2]),
  ...FREE.split(' ').map((t): [string, number] => [t, 1.2]),
])
