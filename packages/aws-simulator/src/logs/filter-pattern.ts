import { AwsFailure } from '../world.ts'

/**
 * CloudWatch Logs' filter pattern for unstructured text: every term must occur, `-term` must not, of `?a ?b` one
 * must; quotes hold phrases together. Patterns for JSON (`{ … }`), columns (`[ … ]`) and regular expressions
 * (`%…%`) are not simulated and say so.
 */
export function patternMatcher(pattern: string | undefined): (message: string) => boolean {
  const text = pattern?.trim() ?? ''
  if (text === '') return () => true
  if (/^[{[%]/.test(text)) {
    throw new AwsFailure('NotSimulated', `The simulator reads filter patterns of words only, not ${text}`, {
      status: 501,
    })
  }
  const terms = [...text.matchAll(/([?-]?)(?:"((?:[^"\\]|\\.)*)"|(\S+))/g)].map(([, sign, quoted, word]) => ({
    sign,
    term: quoted?.replace(/\\(.)/g, '$1') ?? word ?? '',
  }))
  const signed = (sign: string) => terms.filter((one) => one.sign === sign).map((one) => one.term)
  const [all, none, any] = [signed(''), signed('-'), signed('?')]
  return (message) =>
    all.every((term) => message.includes(term)) &&
    !none.some((term) => message.includes(term)) &&
    // Beside a plain term the alternatives decide nothing, as AWS's documentation warns.
    (any.length === 0 || all.length > 0 || any.some((term) => message.includes(term)))
}
