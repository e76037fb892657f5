/**
 * Whether `text` matches one of GitHub's filter patterns: `*` (not across `/`), `**`, `?` and `+` as quantifiers of
 * the character before, `[abc]` (GitHub's "Workflow syntax": filter pattern cheat sheet).
 */
export function matchesPattern(pattern: string, text: string): boolean {
  return toRegExp(pattern).test(text)
}

/** A list of patterns, where `!pattern` takes away what came before. */
export function matchesFilter(patterns: string[], text: string): boolean {
  return patterns.reduce(
    (matched, pattern) =>
      pattern.startsWith('!')
        ? matched && !matchesPattern(pattern.slice(1), text)
        : matched || matchesPattern(pattern, text),
    false,
  )
}

function toRegExp(pattern: string): RegExp {
  let source = ''
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? ''
    if (pattern.startsWith('**/', at)) {
      source += '(?:.*/)?'
      at += 2
    } else if (pattern.startsWith('**', at)) {
      source += '.*'
      at += 1
    } else if (character === '*') source += '[^/]*'
    else if (character === '?' || character === '+') source += character
    else if (character === '[') {
      const end = pattern.indexOf(']', at)
      if (end < 0) source += '\\['
      else {
        source += pattern.slice(at, end + 1)
        at = end
      }
    } else if (character === '\\') source += `\\${pattern[++at] ?? ''}`
    else source += character.replace(/[.^$(){}|]/g, '\\$&')
  }
  return new RegExp(`^${source}$`)
}
