/** Tells whether one pattern matches a path. */
export type PathMatch = (path: string) => boolean

/**
 * A pattern as the builder reads it (moby/patternmatcher): `*` and `?` stay within a name, `**` crosses them, `[a-c]` is a class, a backslash escapes. The
 * builder makes a regular expression of it with a few accidents, and files are ignored by them: beside a wild card `|` separates alternatives, `{2}` repeats
 * and an escaped letter is a character class. A leading `**` before plain text compares the end of the path, a trailing one its beginning.
 * Undefined where the builder refuses the pattern, or reads it in a way that is not reproduced here.
 */
export function compilePattern(pattern: string): PathMatch | undefined {
  const tokens = tokenize([...pattern])
  if (tokens === undefined) return undefined
  if (tokens.every(({ kind }) => kind === 'text')) return (path) => path === pattern

  const [first, ...others] = tokens
  if (first?.kind === 'any-depth' && others.every(({ kind }) => kind === 'text')) {
    const suffix = pattern.slice(2)
    return (path) => path.endsWith(suffix) || (suffix.startsWith('/') && path === suffix.slice(1))
  }
  if (tokens.at(-1)?.kind === 'any-depth' && tokens.slice(0, -1).every(({ kind }) => kind === 'text')) {
    const prefix = pattern.slice(0, pattern.lastIndexOf('**'))
    return (path) => path.startsWith(prefix)
  }
  const source = repetitions(tokens.map((token) => token.source).join(''))
  try {
    const expression = new RegExp(`^${source}$`, 'u')
    return (path) => expression.test(path)
  } catch {
    return undefined
  }
}

interface Token {
  kind: 'text' | 'wild' | 'any-depth'
  source: string
}

function tokenize(characters: string[]): Token[] | undefined {
  const tokens: Token[] = []
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!
    if (character === '*' && characters[at + 1] === '*') {
      at += characters[at + 2] === '/' ? 2 : 1
      tokens.push({ kind: 'any-depth', source: at + 1 >= characters.length ? '[^\\n]*' : '(?:[^\\n]*/)?' })
    } else if (character === '*') tokens.push({ kind: 'wild', source: '[^/]*' })
    else if (character === '?') tokens.push({ kind: 'wild', source: '[^/]' })
    else if (character === '[') {
      const found = classAt(characters, at)
      if (!found) return undefined
      tokens.push({ kind: 'wild', source: found.source })
      at = found.end
    } else if (character === ']') tokens.push({ kind: 'wild', source: '\\]' })
    else if (character === '\\') {
      const source = escaped(characters[++at])
      if (source === undefined) return undefined
      tokens.push({ kind: 'wild', source })
    } else tokens.push({ kind: 'text', source: textSource(character) })
  }
  return tokens
}

/** `^`, `|` and braces reach the builder's regular expression as they are. */
function textSource(character: string): string {
  return /[$.+()/]/.test(character) ? `\\${character}` : character
}

/** Braces that are no repetition stand for themselves; JavaScript wants them escaped. */
function repetitions(source: string): string {
  return source.replace(/\\.|\[\^?(?:\\.|[^\]])*\]|\{\d+(?:,\d*)?\}|[{}]/gsu, (part) =>
    part === '{' || part === '}' ? `\\${part}` : part,
  )
}

const letters: Record<string, string> = {
  ...{ a: '\\x07', f: '\\f', n: '\\n', r: '\\r', t: '\\t', v: '\\v' },
  ...{ d: '[0-9]', D: '[^0-9]', w: '[0-9A-Za-z_]', W: '[^0-9A-Za-z_]', s: '[\\t\\n\\f\\r ]', S: '[^\\t\\n\\f\\r ]' },
  ...{ b: '\\b', B: '\\B' },
}

function escaped(character: string | undefined): string | undefined {
  if (character === undefined || character.codePointAt(0)! > 0x7f) return undefined
  if (/[a-z0-9]/i.test(character)) return letters[character]
  return /[\^$\\.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character
}

/** A class such as `[a-c]` or `[^x]`. Wild cards and classes inside one become something nobody means: undefined. */
function classAt(characters: string[], start: number): { source: string; end: number } | undefined {
  const negated = characters[start + 1] === '^'
  let source = ''
  for (let at = start + (negated ? 2 : 1); at < characters.length; at++) {
    const character = characters[at]!
    if (character === ']')
      return source && !/^-|-$/.test(source) ? { source: `[${negated ? '^' : ''}${source}]`, end: at } : undefined
    if (character === '\\' || character === '[' || character === '*' || character === '?') return undefined
    source += /[\^$.+(){}|/&~#]/.test(character) ? `\\${character}`.replace(/\\([&~#])/, '$1') : character
  }
  return undefined
}
