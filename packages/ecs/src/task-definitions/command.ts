import { UserError } from '@deploy-actions/action-kit'

/**
 * A command as ECS takes it, a list of words. Read from a JSON list as it stands, or from one line, split at blanks
 * as a shell would: quotes and backslashes hold words together, nothing is expanded. What only a shell could do
 * (`&&`, `|`, `$NAME`, `*`, several lines) is refused with the way to ask for one, since the container starts
 * without.
 */
export function commandWords(text: string, input: string): string[] {
  if (text.startsWith('[')) return jsonWords(text, input)
  const words: string[] = []
  let word: string | undefined
  for (const [letter, single, double, escaped] of text.matchAll(pieces)) {
    if (escaped === '\n') continue
    if (letter === '"' || letter === "'")
      throw new UserError(`Input "${input}" is "${text}": the quote ${letter} is not closed.`)
    if (/^[\n;&|<>$`*?()]$/.test(letter)) throw needsShell(text, input, letter)
    if (letter === ' ' || letter === '\t') {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + (single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? letter)
  }
  if (word !== undefined) words.push(word)
  return words
}

/**
 * What stands in single quotes, in double ones (where a backslash may go before a quote), behind a backslash; or
 * one letter.
 */
const pieces = /'([^']*)'|"((?:\\[\s\S]|[^"\\])*)"|\\([\s\S])|[\s\S]/g

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
