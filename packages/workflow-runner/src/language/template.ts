import { convertOn } from '@actions/workflow-parser/model/converter/events'
import { convertJobs } from '@actions/workflow-parser/model/converter/jobs'
import { TemplateContext, TemplateValidationErrors } from '@actions/workflow-parser/templates/template-context'
import { readTemplate } from '@actions/workflow-parser/templates/template-reader'
import type { LiteralToken } from '@actions/workflow-parser/templates/tokens/literal-token'
import { StringToken } from '@actions/workflow-parser/templates/tokens/string-token'
import { isMapping, isString } from '@actions/workflow-parser/templates/tokens/type-guards'
import { NoOperationTraceWriter } from '@actions/workflow-parser/templates/trace-writer'
import { YamlObjectReader } from '@actions/workflow-parser/workflows/yaml-object-reader'
import { WorkflowError } from './errors.ts'
import { githubSchema } from './schema.ts'
import { child, type MappingToken } from './tokens.ts'

/** A parsed file: its token tree and the name that messages use for it. */
export interface Template {
  file: string
  root: MappingToken
}

/**
 * Parses the text of a workflow file or an `action.yml` against GitHub's schema, and checks what the schema cannot
 * say: identifiers, `needs`, conditions, the form of `uses`. Throws a WorkflowError with every problem found, each
 * with file, line and column.
 */
export function parseTemplate(kind: 'workflow' | 'action', file: string, content: string): Template {
  const context = new TemplateContext(new TemplateValidationErrors(), githubSchema(kind), new NoOperationTraceWriter())
  const fileId = context.getFileId(file)
  const reader = new YamlObjectReader(fileId, content)
  const read = reader.allowLiteral.bind(reader)
  reader.allowLiteral = () => withValueOfYaml(read())
  // One mistake in YAML makes many: the first one counts.
  for (const error of reader.errors.slice(0, 1)) context.error(fileId, new Error(firstLine(error.message)), error.range)
  const rule = kind === 'workflow' ? 'workflow-root-strict' : 'action-root-strict'
  const root = context.errors.count === 0 ? readTemplate(context, rule, reader, fileId) : undefined
  if (kind === 'workflow' && context.errors.count === 0 && root) {
    const on = child(root, 'on')
    const jobs = child(root, 'jobs')
    if (on) convertOn(context, on)
    if (jobs) convertJobs(context, jobs)
  }
  const problems = context.errors.getErrors().map((error) => error.message)
  if (problems.length > 0) throw new WorkflowError(`Invalid ${kind} file: ${problems.join('; ')}`)
  if (!root || !isMapping(root)) throw new WorkflowError(`Invalid ${kind} file: ${file} is not a mapping`)
  return { file, root }
}

/**
 * The template reader (0.3.61) takes expressions in texts of several lines from the source, indentation and all,
 * where GitHub takes them from the value. Without a source it takes the value.
 */
function withValueOfYaml(token: LiteralToken | undefined): LiteralToken | undefined {
  if (!token || !isString(token) || token.range?.start.line === token.range?.end.line) return token
  return new StringToken(token.file, token.range, token.value, token.definitionInfo, undefined, token.blockScalarHeader)
}

/** The YAML parser draws a picture of the place below its message. */
function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/:$/, '')
}
