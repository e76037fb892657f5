import { data, Evaluator, Lexer, Parser } from '@actions/expressions'
import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/template-token'
import {
  isBasicExpression,
  isBoolean,
  isMapping,
  isNumber,
  isSequence,
  isString,
} from '@actions/workflow-parser/templates/tokens/type-guards'
import { TokenType } from '@actions/workflow-parser/templates/tokens/types'
import { WorkflowError } from './errors.ts'
import { asText, fromData, toData, type Value } from './values.ts'

/** A function beyond the built-in ones: `success()`, `hashFiles()`. */
export interface ExpressionFunction {
  minArgs: number
  maxArgs: number
  call(...args: Value[]): Value
}

/**
 * What an expression may see: contexts by name, functions by name. Naming anything else is an error, as it is for
 * GitHub.
 */
export interface Scope {
  contexts: Record<string, Value>
  functions?: Record<string, ExpressionFunction>
}

/** Evaluates one expression, without its `${{ }}`. Throws a WorkflowError that quotes it. */
export function evaluate(expression: string, scope: Scope): Value {
  const functions = new Map(
    Object.entries(scope.functions ?? {}).map(([name, { minArgs, maxArgs, call }]) => [
      name.toLowerCase(),
      {
        name,
        minArgs,
        maxArgs,
        call: (...args: data.ExpressionData[]) => toData(call(...args.map(fromData))),
      },
    ]),
  )
  const dictionary = new data.Dictionary(
    ...Object.entries(scope.contexts).map(([key, value]) => ({ key, value: toData(value) })),
  )
  try {
    const { tokens } = new Lexer(expression).lex()
    for (const token of tokens) restoreQuotes(token)
    const parsed = new Parser(tokens, Object.keys(scope.contexts), [...functions.values()]).parse()
    return fromData(new Evaluator(parsed, dictionary, functions).evaluate())
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new WorkflowError(`The expression \${{ ${expression} }} cannot be evaluated: ${reason}`)
  }
}

/**
 * The lexer (0.3.61) turns only the first doubled quotation mark of a text into one; a script around an expression
 * often has more.
 */
function restoreQuotes(token: { lexeme: string; value?: string | number | boolean }): void {
  if (token.lexeme.startsWith("'")) token.value = token.lexeme.slice(1, -1).replaceAll("''", "'")
}

/** The value of a part of a template, with every expression in it evaluated. */
export function evaluateToken(token: TemplateToken, scope: Scope): Value {
  if (isString(token) || isNumber(token) || isBoolean(token)) return token.value
  if (token.templateTokenType === TokenType.Null) return null
  if (isBasicExpression(token)) return evaluate(token.expression, scope)
  if (isSequence(token)) return [...token].map((item) => evaluateToken(item, scope))
  if (isMapping(token))
    return Object.fromEntries([...token].map(({ key, value }) => [scalarText(key, scope), evaluateToken(value, scope)]))
  throw new WorkflowError(`Line ${token.line}: \${{ insert }} is not supported`)
}

/** The text of a scalar, with its expression evaluated. */
export function scalarText(token: TemplateToken, scope: Scope): string {
  return asText(evaluateToken(token, scope))
}
