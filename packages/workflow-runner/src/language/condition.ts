import { ensureStatusFunction } from '@actions/workflow-parser/model/converter/if-condition'
import { isBasicExpression } from '@actions/workflow-parser/templates/tokens/type-guards'
import type { TemplateToken } from './tokens.ts'

/**
 * The expression behind an `if`: `success()` where there is none, and `success() && (…)` where it calls no status
 * function (GitHub's "Evaluate expressions": status check functions).
 */
export function conditionOf(token: TemplateToken | undefined): string {
  if (!token) return 'success()'
  const text = isBasicExpression(token) ? token.expression : token.toString().trim()
  return text === '' ? 'success()' : ensureStatusFunction(text, token.definitionInfo)
}
