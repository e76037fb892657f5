import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { MappingToken } from '@actions/workflow-parser/templates/tokens/mapping-token'
import type { TemplateToken } from '@actions/workflow-parser/templates/tokens/template-token'
import { isMapping } from '@actions/workflow-parser/templates/tokens/type-guards'
import { WorkflowError } from '../language/errors.ts'
import { parseTemplate } from '../language/template.ts'

export interface ActionInput {
  required: boolean
  default: TemplateToken | undefined
  deprecationMessage: string | undefined
}

/** An `action.yml`, read and validated. Expressions are still unevaluated. */
export interface ActionFile {
  file: string
  root: MappingToken
  directory: string
  name: string
  inputs: Map<string, ActionInput>
  outputs: MappingToken | undefined
  runs: MappingToken
  /** `node24`, `composite` … */
  using: string
}

/**
 * Reads the `action.yml` (or `action.yaml`) in `directory`. Throws a WorkflowError when there is none or GitHub's
 * schema refuses it.
 */
export function readActionFile(directory: string): ActionFile {
  const file = ['action.yml', 'action.yaml'].map((name) => path.join(directory, name)).find((name) => existsSync(name))
  if (!file) throw new WorkflowError(`Can't find 'action.yml' or 'action.yaml' under '${directory}'`)
  const { root } = parseTemplate('action', file, readFileSync(file, 'utf8'))
  const runs = root.find('runs')
  if (!runs || !isMapping(runs)) throw new WorkflowError(`${file}: 'runs' is missing`)
  const inputs = root.find('inputs')
  const outputs = root.find('outputs')
  return {
    file,
    root,
    directory,
    name: root.find('name')?.toString() ?? path.basename(directory),
    inputs: new Map(
      inputs && isMapping(inputs)
        ? [...inputs].map(({ key, value }) => {
            const properties = isMapping(value) ? value : undefined
            return [
              key.toString(),
              {
                required: properties?.find('required')?.toString() === 'true',
                default: properties?.find('default'),
                deprecationMessage: properties?.find('deprecationMessage')?.toString(),
              },
            ]
          })
        : [],
    ),
    outputs: outputs && isMapping(outputs) ? outputs : undefined,
    runs,
    using: runs.find('using')?.toString() ?? '',
  }
}
