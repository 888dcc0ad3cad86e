import { hostParts } from '../hosts.ts'
import { BRAND_LINES } from './brand-lines.ts'
import { CHEAP_TLDS } from './tlds.ts'

export interface Brand {
  readonly name: string
  readonly domains: readonly string[]
}

export interface BrandName {
  readonly words: readonly string[]
  readonly brand: Brand
  /** An ordinary word, too. */
  readonly common: boolean
}

function read(): { brands: Brand[]; names: BrandName[] } {
  const brands: Brand[] = []
  const names: BrandName[] = []
  for (const line of BRAND_LINES.split('\n')) {
    const at = line.lastIndexOf(':')
    if (at === -1) continue
    const listed = line
      .slice(0, at)
      .split(',')
      .map((n) => n.trim())
    const brand = {
      name: (listed[0] ?? '').replace('!', ''),
      domains: line
        .slice(at + 1)
        .trim()
        .split(/\s+/),
    }
    brands.push(brand)
    for (const name of listed) {
      const words = name
        .replace('!', '')
        .split(/[^\p{L}\p{N}]+/u)
        .filter((w) => w !== '')
      if (words.length > 0) names.push({ words, brand, common: name.startsWith('!') || words.join('').length < 4 })
    }
  }
  return { brands, names }
}

const all = read()
export const BRANDS: readonly Brand[] = all.brands

const byFirst = new Map<string, BrandName[]>()
for (const name of all.names) {
  const [first = ''] = name.words
  byFirst.set(first, [...(byFirst.get(first) ?? []), name])
}

/** Brands whose name stands in a row of words (lower case, without accents), longest name first, in order of the text. */
export function brandsIn(words: readonly string[]): BrandName[] {
  const found: BrandName[] = []
  for (let i = 0; i < words.length; i++) {
    const here = (byFirst.get(words[i] ?? '') ?? []).filter((n) => n.words.every((w, j) => words[i + j] === w))
    const longest = here.sort((a, b) => b.words.length - a.words.length)[0]
    if (longest !== undefined && !found.some((f) => f.brand === longest.brand && f.common === longest.common))
      found.push(longest)
  }
  return found
}

const OWNERS = new Map<string, Brand>()
for (const brand of BRANDS) for (const domain of brand.domains) OWNERS.set(domain, OWNERS.get(domain) ?? brand)

/** The brand that a host belongs to: by its own name or one above it. */
export function ownerOf(host: string): Brand | null {
  for (let at = host; at.includes('.'); at = at.slice(at.indexOf('.') + 1)) {
    const brand = OWNERS.get(at)
    if (brand !== undefined) return brand
  }
  return null
}

/** Does a host belong to this brand? `paypal.com.sg` and `amazon.eg` are the brand's as well: its own label under a country. */
export function belongsTo(host: string, brand: Brand): boolean {
  if (brand.domains.some((d) => host === d || host.endsWith(`.${d}`))) return true
  const { label, suffix } = hostParts(host)
  return COUNTRY.test(suffix) && !CHEAP_TLDS.has(suffix.slice(suffix.lastIndexOf('.') + 1)) && label === ownLabel(brand)
}

const COUNTRY = /^(?:(?:com|co|net|org)\.)?[a-z]{2}$/
const ownLabel = (brand: Brand): string => brand.domains[0]?.split('.')[0] ?? ''

/** Labels that are words of their own, or of somebody else's as well. */
const PLAIN: ReadonlySet<string> = new Set(
  'office outlook windows azure skype android square interac nationwide vodafone-mail services online store music post discover cash wise meta kraken crypto'.split(
    ' ',
  ),
)

/** The own labels of the brands' domains that are long enough to be imitated recognisably: `paypal` of `paypal.com`. */
export const BRAND_LABELS: ReadonlyMap<string, Brand> = new Map(
  BRANDS.flatMap((brand) =>
    brand.domains
      .map((d): [string, Brand] => [d.split('.')[0] ?? '', brand])
      .filter(
        ([label]) =>
          label.length >= 5 && !all.names.some((n) => n.common && n.words.join('') === label) && !PLAIN.has(label),
      ),
  ),
)
