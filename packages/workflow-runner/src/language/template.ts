import { TemplateContext, TemplateValidationErrors } from '@actions/workflow-parser/templates/template-context'
import { readTemplate } from '@actions/workflow-parser/templates/template-reader'
import type { MappingToken } from '@actions/workflow-parser/templates/tokens/mapping-token'
import { isMapping } from '@actions/workflow-parser/templates/tokens/type-guards'
import { NoOperationTraceWriter } from '@actions/workflow-parser/templates/trace-writer'
import { YamlObjectReader } from '@actions/workflow-parser/workflows/yaml-object-reader'
import { WorkflowError } from './errors.ts'
import { githubSchema } from './schema.ts'

/** A parsed file: its token tree and the name that messages use for it. */
export interface Template {
  file: string
  root: MappingToken
}

/**
 * Parses the text of a workflow file or an `action.yml` against GitHub's schema.
 * Throws a WorkflowError with every problem found, each with file, line and column.
 */
export function parseTemplate(kind: 'workflow' | 'action', file: string, content: string): Template {
  const context = new TemplateContext(new TemplateValidationErrors(), githubSchema(kind), new NoOperationTraceWriter())
  const fileId = context.getFileId(file)
  const reader = new YamlObjectReader(fileId, content)
  for (const error of reader.errors) context.error(fileId, new Error(error.message), error.range)
  const root =
    context.errors.count === 0
      ? readTemplate(context, kind === 'workflow' ? 'workflow-root-strict' : 'action-root-strict', reader, fileId)
      : undefined
  const problems = context.errors.getErrors().map((error) => error.message)
  if (problems.length > 0) throw new WorkflowError(`Invalid ${kind} file: ${problems.join('; ')}`)
  if (!root || !isMapping(root)) throw new WorkflowError(`Invalid ${kind} file: ${file} is not a mapping`)
  return { file, root }
}
