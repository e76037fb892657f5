import { UserError } from '@deploy-actions/action-kit'

/**
 * A command as ECS takes it, a list of words. Read from a JSON list as it stands, or from one line, split at blanks as
 * a shell would: quotes and backslashes hold words together, nothing is expanded. What only a shell could do (`&&`,
 * `|`, `$NAME`, `*`, several lines) is refused with the way to ask for one, since the container starts without.
 */
export function commandWords(text: string, input: string): string[] {
  if (text.startsWith('[')) return jsonWords(text, input)
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!
    if (quote) {
      if (letter === quote) quote = ''
      else if (letter === '\\' && quote === '"' && /["\\$`]/.test(text[at + 1] ?? '')) word += text[++at]!
      else word += letter
    } else if (letter === '"' || letter === "'") {
      quote = letter
      word ??= ''
    } else if (letter === '\\' && at + 1 < text.length) {
      at++
      if (text[at] !== '\n') word = (word ?? '') + text[at]
    } else if (letter === ' ' || letter === '\t') {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (/[\n;&|<>$`*?()]/.test(letter)) {
      throw needsShell(text, input, letter)
    } else {
      word = (word ?? '') + letter
    }
  }
  if (quote) throw new UserError(`Input "${input}" is "${text}": the quote ${quote} is not closed.`)
  if (word !== undefined) words.push(word)
  return words
}

function jsonWords(text: string, input: string): string[] {
  const valid = 'a JSON list of texts such as ["npm", "run", "migrate"], or a plain line such as npm run migrate'
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new UserError(`Input "${input}" is "${text}", which is not JSON. Valid: ${valid}.`)
  }
  if (Array.isArray(parsed) && parsed.length > 0 && parsed.every((word) => typeof word === 'string')) return parsed
  throw new UserError(`Input "${input}" is "${text}". Valid: ${valid}.`)
}

function needsShell(text: string, input: string, letter: string): UserError {
  const what = letter === '\n' ? 'several lines' : `"${letter}"`
  const line = text
    .split('\n')
    .map((part) => part.trim())
    .join(' && ')
  return new UserError(
    `Input "${input}" uses ${what}, which only a shell understands, and the container starts the command without one. Ask for one: ${JSON.stringify(['sh', '-c', line])}. Or put the text into quotes when it is meant as it stands.`,
  )
}
