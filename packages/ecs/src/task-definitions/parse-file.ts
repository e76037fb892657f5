import { UserError } from '@deploy-actions/action-kit'
import { LineCounter, parseDocument, visit } from 'yaml'
import { conform, type Problem } from './conform.ts'
import type { TaskDefinitionInput } from './fetch.ts'
import { describeOnlyKeys, registerShape } from './schema.ts'

/**
 * What a task definition file holds, before its keys are looked at. All scalars are texts: the API's schema decides
 * what they stand for.
 */
interface Content {
  value: Record<string, unknown>
  /** Line of a key, counted from 1. */
  lineOf(path: (string | number)[]): number | undefined
}

const problemsShown = 10

/**
 * Reads a task definition file, JSON or YAML (which JSON is a part of), in the members that RegisterTaskDefinition
 * takes. Members that only DescribeTaskDefinition has are dropped, and its whole answer (`{ taskDefinition, tags
 * }`) may stand in the file too; null stands for absence; everything else is kept as written. `name` is how
 * messages call the file. Throws a UserError for text that does not parse, unknown keys (with the nearest known
 * one) and values of another kind than the API takes.
 */
export function parseTaskDefinitionFile(text: string, name: string): TaskDefinitionInput {
  const content = parse(text, name)
  const { value, prefix } = unwrapped(content.value)
  refuseOtherDialects(value, name)
  for (const key of describeOnlyKeys()) delete value[key]

  const { result, problems } = conform(value, registerShape())
  if (problems.length > 0)
    throw new UserError(problemText(problems, name, (path) => content.lineOf([...prefix, ...path])))

  const input = result as TaskDefinitionInput
  if (!input.family) throw incomplete(name, 'has no family')
  if (!input.containerDefinitions?.length) throw incomplete(name, 'has no containerDefinitions')
  const nameless = input.containerDefinitions.findIndex((container) => !container.name)
  if (nameless >= 0) throw incomplete(name, `has a container without a name (containerDefinitions[${nameless}])`)
  return input
}

function parse(text: string, name: string): Content {
  const lines = new LineCounter()
  const document = parseDocument(text.replace(/^\uFEFF/, ''), {
    // Every scalar stays the text that was written: `1.10` for an environment variable is not 1.1.
    schema: 'failsafe',
    merge: true,
    prettyErrors: false,
    lineCounter: lines,
  })
  const trouble = document.errors[0] ?? document.warnings[0]
  if (trouble) {
    const { line, col } = lines.linePos(trouble.pos[0])
    const hint = /Unresolved tag: !/.test(trouble.message)
      ? ' Intrinsic functions of CloudFormation mean nothing to ECS: write plain values.'
      : ''
    // Some messages end with the text that was found, which may be a secret.
    const what = trouble.message.replace(/: ["'].*$/s, '')
    throw new UserError(`${name}:${line}:${col} is not valid JSON or YAML: ${what}.${hint}`)
  }
  visit(document, {
    Scalar(_key, node) {
      if (node.type === 'PLAIN' && /^(~|null|Null|NULL|)$/.test(node.source ?? '')) node.value = null
    },
  })
  const value: unknown = document.toJS()
  if (Array.isArray(value))
    throw new UserError(
      `${name} is a list; a task definition is an object. A list of container definitions belongs under the key containerDefinitions, beside family.`,
    )
  if (typeof value !== 'object' || value === null) throw new UserError(`${name} holds no task definition.`)
  return {
    value: value as Record<string, unknown>,
    lineOf(path) {
      const node = document.getIn(path, true) as { range?: [number, number, number] | null } | undefined
      return node?.range ? lines.linePos(node.range[0]).line : undefined
    },
  }
}

/** DescribeTaskDefinition's answer holds the tags beside the task definition. */
function unwrapped(value: Record<string, unknown>): { value: Record<string, unknown>; prefix: string[] } {
  const inner = value.taskDefinition
  const wrapped = Object.keys(value).every((key) => key === 'taskDefinition' || key === 'tags')
  if (!wrapped || typeof inner !== 'object' || inner === null) return { value, prefix: [] }
  const tags = Array.isArray(value.tags) && value.tags.length > 0 ? { tags: value.tags } : {}
  return { value: { ...inner, ...tags }, prefix: ['taskDefinition'] }
}

function refuseOtherDialects(value: Record<string, unknown>, name: string): void {
  const dialect = dialects.find(({ keys }) => keys.some((key) => key in value))
  if (dialect)
    throw new UserError(
      `${name} ${dialect.what(Object.keys(value))}. ECS reads its own JSON with keys such as containerDefinitions; "aws ecs describe-task-definition --task-definition FAMILY" prints one to start from.`,
    )
}

/** What other tools call a task definition, known by its keys. */
const dialects: { keys: string[]; what: (keys: string[]) => string }[] = [
  {
    keys: ['Resources', 'AWSTemplateFormatVersion'],
    what: () => 'is a CloudFormation template, not a task definition',
  },
  {
    keys: ['ContainerDefinitions', 'Family'],
    what: (keys) => `has keys in PascalCase, as CloudFormation writes them (${keys.slice(0, 3).join(', ')})`,
  },
  { keys: ['container_definitions'], what: () => 'has keys in snake_case, as Terraform writes them' },
]

function problemText(
  problems: Problem[],
  name: string,
  lineOf: (path: (string | number)[]) => number | undefined,
): string {
  const shown = problems.slice(0, problemsShown).map(({ path, message }) => {
    const line = lineOf(path)
    return `  ${line ? `line ${line}: ` : ''}${message}`
  })
  const more = problems.length - shown.length
  return [`${name} is not a valid task definition:`, ...shown, ...(more > 0 ? [`  and ${more} more`] : [])].join('\n')
}

function incomplete(name: string, what: string): UserError {
  return new UserError(`${name} ${what}. A task definition needs a family and at least one container with a name.`)
}
