/**
 * Words that make sentences and name nothing, by language: they are a third of any text. Only those that tell languages apart
 * are of use; what several share is listed with each of them.
 */
const FUNCTION_WORDS: Readonly<Record<string, string>> = {
  en: 'the of and to in is that for it with you on are this be your have from at not we our will was or an can has if please by as',
  de: 'der die das und ist nicht mit sie ein eine zu den von auf für im dem sich wir ihre ihr haben werden wird bei auch nach oder bitte als des an es uns am',
  fr: 'le la les de des et est vous un une pour dans que qui votre vos nous notre sur au par pas ce cette avec du plus ou être avez sont en merci',
  es: 'el la los las de del y es que en un una por para con su no se al lo como más usted nuestro tu este esta si puede sus ha sin',
  pt: 'o a os as de do da dos das e é que em um uma por para com não se no na seu sua você ao mais como nosso este esta foi você são ou pela pelo',
  it: 'il lo la i gli le di del della e è che in un una per con non si al alla suo sua come più questo questa sono nel dei delle da ha se tuo vi',
  nl: 'de het een en van is dat op te in voor met niet zijn aan er u uw om ook als bij wij ons onze deze dit je wordt naar kunt hebben door',
  sv: 'och att det i en är som på för av med den till inte har du vi ett om din vår kan från din eller så var här ditt',
  da: 'og at det i en er som på for af med den til ikke har du vi et om din vores kan fra eller så der dit jeg deres',
  no: 'og å det i en er som på for av med den til ikke har du vi et om din vår kan fra eller så der ditt jeg deres',
  fi: 'ja on ei se että en oli hän mutta tai kun jos niin voi ovat kanssa sinun meidän tämä tämän olet ole myös sekä mukaan',
  pl: 'i w z na do się nie jest to że o za od po dla jak ale przez twoje twój lub oraz tej tego są aby może być proszę',
  cs: 'a v na se je že s z do o i to za pro jako by po ale jsou být nebo váš vaše od které který si ve prosím jsme není',
  sk: 'a v na sa je že s z do o i to za pre ako by po ale sú byť alebo váš vaše od ktoré ktorý si vo prosím sme nie',
  hu: 'a az és hogy nem is egy ez meg ha van volt de csak mint az ön vagy lehet már kell azt ezt számára önnek el kérjük',
  ro: 'și de la în a nu este cu pe un o care din pentru să mai ce sau au prin dumneavoastră vă sunt ale cel al acest',
  tr: 've bir bu için ile da de ne çok daha olan olarak sizin size gibi kadar ya var veya hesabınız lütfen değil ancak sonra',
  vi: 'và của là có cho không được các với trong một để này bạn đã những từ khi người về tại nếu vui lòng',
  id: 'yang dan di ini itu untuk dengan dari tidak anda akan pada ke dalam kami adalah atau juga telah oleh sebagai bisa silakan',
  lt: 'ir yra kad su į iš tai ne jūsų mes arba bet kaip apie už nuo prie šis jūs buvo gali tik prašome',
  et: 'ja on ei et see kui või ka oma teie meie mis kes aga siis seda palun võib olla',
  hr: 'i je u na da se za su od s ne to što kao ili vaš vaše koji koja ali po iz biti možete molimo smo',
}

/** Alphabets of one language, or nearly so. */
const SCRIPTS: readonly [RegExp, string][] = [
  [/[\u3040-\u30ff]/g, 'ja'],
  [/[\uac00-\ud7af]/g, 'ko'],
  [/[\u4e00-\u9fff]/g, 'zh'],
  [/[\u0e00-\u0e7f]/g, 'th'],
  [/[\u0590-\u05ff]/g, 'he'],
  [/[\u0370-\u03ff]/g, 'el'],
  [/[\u0600-\u06ff]/g, 'ar'],
  [/[\u0900-\u097f]/g, 'hi'],
  [/[\u0980-\u09ff]/g, 'bn'],
  [/[\u10a0-\u10ff]/g, 'ka'],
  [/[\u0530-\u058f]/g, 'hy'],
  [/[\u0400-\u04ff]/g, 'ru'],
]

const LANGUAGES = Object.keys(FUNCTION_WORDS)
const BY_WORD = new Map<string, number[]>()
for (const [at, words] of Object.values(FUNCTION_WORDS).entries())
  for (const word of new Set(words.split(' '))) BY_WORD.set(word, [...(BY_WORD.get(word) ?? []), at])

const MAX_CHARACTERS = 1_500
/** Fewer letters, or function words, say nothing. */
const MIN_LETTERS = 30
const MIN_SIGNS = 10
const MIN_POINTS = 2

/**
 * The language of a text, ISO 639-1, by its alphabet or by its function words; null when that is not clear. A library with
 * trigrams is surer on single sentences and cost half as much again as all other parsing together.
 */
export function languageOf(text: string): string | null {
  const sample = text.slice(0, MAX_CHARACTERS).toLowerCase()
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
  const ascii = /^[\x00-\x7f]*$/.test(sample)
  const letters = ascii ? asciiLetters(sample) : (sample.match(/\p{L}/gu)?.length ?? 0)
  if (letters < MIN_SIGNS) return null
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
  if (!ascii && /[^\x00-\u024f\u1e00-\u20ff\ufffd]/.test(sample)) {
    const script = byScript(sample, letters)
    if (script !== null) return script
  }
  return letters < MIN_LETTERS ? null : byWords(sample, ascii ? ASCII_WORD : WORD)
}

const WORD = /[\p{L}\p{M}]{2,}/gu
const ASCII_WORD = /[a-z]{2,}/g

/** Letters of a text in lower case that has only ASCII. */
function asciiLetters(text: string): number {
  let letters = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 97 && code <= 122) letters++
  }
  return letters
}

function byScript(sample: string, letters: number): string | null {
  for (const [pattern, language] of SCRIPTS) {
    const count = sample.match(pattern)?.length ?? 0
    // Japanese is mostly Han, Chinese has no kana at all.
    if (count > letters * (language === 'ja' ? 0.1 : 0.4)) return refine(language, sample)
  }
  return null
}

function refine(language: string, sample: string): string {
  if (language === 'ru' && /[іїєґ]/.test(sample)) return 'uk'
  if (language === 'ru' && /ъ[^\p{L}]/u.test(sample)) return 'bg'
  if (language === 'ar' && /[پچژگ]/.test(sample)) return 'fa'
  return language
}

function byWords(sample: string, pattern: RegExp): string | null {
  const points = new Float64Array(LANGUAGES.length)
  for (const word of sample.match(pattern) ?? []) {
    const owners = BY_WORD.get(word)
    // A word that five languages share tells little.
    if (owners !== undefined) for (const at of owners) points[at] = (points[at] ?? 0) + 1 / owners.length
  }
  let best = -1
  let second = 0
  for (const [at, value] of points.entries()) {
    if (best === -1 || value > (points[best] ?? 0)) {
      second = best === -1 ? 0 : (points[best] ?? 0)
      best = at
    } else if (value > second) second = value
  }
  const top = points[best] ?? 0
  return top >= MIN_POINTS && top > second * 1.2 ? (LANGUAGES[best] ?? null) : null
}
