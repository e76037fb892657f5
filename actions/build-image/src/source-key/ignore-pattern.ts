import { anyNumber, automaton, type CharacterTest, oneOf, optional, type PathMatch, type Step } from './automaton.ts'

/**
 * A pattern as the builder reads it (moby/patternmatcher): `*` and `?` stay within a name, `**` crosses them,
 * `[a-c]` is a class, a backslash escapes. The builder makes a regular expression of it with a few accidents, and
 * files are ignored by them: beside a wild card `|` separates alternatives, `{2}` repeats and an escaped letter is
 * a character class. A leading `**` before plain text compares the end of the path, a trailing one its beginning.
 * Undefined where the builder refuses the pattern, or reads it in a way that is not reproduced here.
 */
export function compilePattern(pattern: string): PathMatch | undefined {
  const tokens = tokenize([...pattern])
  if (tokens === undefined) return undefined
  if (tokens.every(isText)) return (path) => path === pattern
  // The builder skips a byte order mark here, but only in some kinds of patterns.
  if (pattern.startsWith('\uFEFF')) return undefined

  const [first, ...others] = tokens
  if (first?.kind === 'any-depth' && others.every(isText)) {
    const suffix = pattern.slice(2)
    return (path) => path.endsWith(suffix) || (suffix.startsWith('/') && path === suffix.slice(1))
  }
  if (tokens.at(-1)?.kind === 'any-depth' && tokens.slice(0, -1).every(isText)) {
    const prefix = pattern.slice(0, pattern.lastIndexOf('**'))
    return (path) => path.startsWith(prefix)
  }
  const program = programOf(tokens)
  return program && automaton(program)
}

type Token = { kind: 'text'; character: string } | { kind: 'any-depth' | 'wild'; steps: Step[] }

const slash = 0x2f
const any: CharacterTest = () => true
const withinName: CharacterTest = (code) => code !== slash
const withinLine: CharacterTest = (code) => code !== 0x0a

function isText({ kind }: Token): boolean {
  return kind === 'text'
}

function tokenize(characters: string[]): Token[] | undefined {
  const tokens: Token[] = []
  const wild = (...steps: Step[]) => void tokens.push({ kind: 'wild', steps })
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!
    if (character === '*' && characters[at + 1] === '*') {
      at += characters[at + 2] === '/' ? 2 : 1
      const last = at + 1 >= characters.length
      const folders = optional([...anyNumber(withinLine), one(slash)])
      tokens.push({ kind: 'any-depth', steps: last ? anyNumber(withinLine) : folders })
    } else if (character === '*') wild(...anyNumber(withinName))
    else if (character === '?') wild({ kind: 'one', test: withinName })
    else if (character === '[') {
      const found = classAt(characters, at)
      if (!found) return undefined
      wild({ kind: 'one', test: found.test })
      at = found.end
    } else if (character === ']') wild(one(character.charCodeAt(0)))
    else if (character === '\\') {
      const test = escaped(characters[++at])
      if (!test) return undefined
      wild({ kind: 'one', test })
    } else tokens.push({ kind: 'text', character })
  }
  return tokens
}

/**
 * `^`, `|` and repetitions in braces reach the builder's regular expression as they are. Undefined where they make
 * one that it refuses.
 */
function programOf(tokens: Token[]): Step[] | undefined {
  const alternatives: Step[][] = [[]]
  let repeatable: Step | undefined
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!
    const steps = alternatives.at(-1)!
    const character = token.kind === 'text' ? token.character : ''
    const count = character === '{' ? repetitionAt(tokens, at) : undefined
    if (count) {
      if (!repeatable || count.most < count.least || Math.max(count.least, finite(count.most)) > 1_000) return undefined
      steps.pop()
      steps.push(...repeated(repeatable, count))
      repeatable = undefined
      at = count.end
    } else if (character === '|') {
      alternatives.push([])
      repeatable = undefined
    } else {
      const added: Step[] =
        token.kind !== 'text' ? token.steps : character === '^' ? [{ kind: 'start' }] : [one(character.codePointAt(0)!)]
      steps.push(...added)
      repeatable = added.length === 1 && added[0]!.kind === 'one' ? added[0] : undefined
    }
  }
  // Only the first alternative is bound to the beginning of the path, only the last one to its end.
  return oneOf(
    alternatives.map((steps, index) => [
      ...(index > 0 ? anyNumber(any) : []),
      ...steps,
      ...(index < alternatives.length - 1 ? anyNumber(any) : []),
      { kind: 'end' },
    ]),
  )
}

interface Repetition {
  least: number
  most: number
  /** Index of the closing brace. */
  end: number
}

/** `{2}`, `{2,}` or `{2,3}`; other braces stand for themselves. */
function repetitionAt(tokens: Token[], start: number): Repetition | undefined {
  const end = tokens.findIndex((token, index) => index > start && token.kind === 'text' && token.character === '}')
  const inside = tokens.slice(start + 1, Math.max(end, start + 1))
  const text = inside.map((token) => (token.kind === 'text' ? token.character : '*')).join('')
  const [, least, comma, most] = text.match(/^(\d+)(,?)(\d*)$/) ?? []
  if (least === undefined || (!comma && most)) return undefined
  return { least: Number(least), most: most ? Number(most) : comma ? Number.POSITIVE_INFINITY : Number(least), end }
}

function repeated(step: Step, { least, most }: Repetition): Step[] {
  const needed: Step[] = Array(least).fill(step)
  if (most === Number.POSITIVE_INFINITY) return [...needed, ...(step.kind === 'one' ? anyNumber(step.test) : [])]
  return [...needed, ...Array.from({ length: most - least }, () => optional([step])).flat()]
}

function finite(count: number): number {
  return Number.isFinite(count) ? count : 0
}

function one(code: number): Step {
  return { kind: 'one', test: (seen) => seen === code }
}

const controls: Record<string, number> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 }
const classes: Record<string, RegExp> = { d: /[0-9]/, w: /[0-9A-Za-z_]/, s: /[\t\n\f\r ]/ }

function escaped(character: string | undefined): CharacterTest | undefined {
  if (character === undefined || character.codePointAt(0)! > 0x7f) return undefined
  const control = controls[character]
  if (control !== undefined) return (code) => code === control
  const letters = classes[character.toLowerCase()]
  if (letters) return (code) => letters.test(String.fromCodePoint(code)) === (character === character.toLowerCase())
  if (/[a-z0-9]/i.test(character)) return undefined
  return (code) => code === character.charCodeAt(0)
}

/**
 * A class such as `[a-c]` or `[^x]`. Wild cards and classes inside one become something nobody means: undefined.
 */
function classAt(characters: string[], start: number): { test: CharacterTest; end: number } | undefined {
  const negated = characters[start + 1] === '^'
  const from = start + (negated ? 2 : 1)
  const end = characters.indexOf(']', from)
  const inside = characters.slice(from, Math.max(end, from))
  if (inside.length === 0 || inside[0] === '-' || inside.at(-1) === '-') return undefined
  if (inside.some((character) => '\\[*?'.includes(character))) return undefined
  const ranges: [number, number][] = []
  for (let at = 0; at < inside.length; at++) {
    const lowest = inside[at]!.codePointAt(0)!
    if (inside[at + 1] === '-') at += 2
    ranges.push([lowest, inside[at]!.codePointAt(0)!])
  }
  if (ranges.some(([lowest, highest]) => lowest > highest)) return undefined
  return { test: (code) => ranges.some(([lowest, highest]) => code >= lowest && code <= highest) !== negated, end }
}
