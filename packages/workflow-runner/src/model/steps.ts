import { isSequence } from '@actions/workflow-parser/templates/tokens/type-guards'
import { conditionOf } from '../language/condition.ts'
import { child, type MappingToken, mappingAt, type TemplateToken } from '../language/tokens.ts'
import { requireSupported } from './supported.ts'

/** One step of a job or of a composite action; expressions are still unevaluated. */
export interface Step {
  file: string
  token: TemplateToken
  id: string | undefined
  name: TemplateToken | undefined
  condition: string
  env: MappingToken | undefined
  continueOnError: TemplateToken | undefined
  timeoutMinutes: TemplateToken | undefined
  run: TemplateToken | undefined
  shell: TemplateToken | undefined
  workingDirectory: TemplateToken | undefined
  uses: TemplateToken | undefined
  with: MappingToken | undefined
}

export function readSteps(file: string, token: TemplateToken | undefined): Step[] {
  if (!token || !isSequence(token)) return []
  return [...token].map((step) => {
    requireSupported(file, 'step', step)
    return {
      file,
      token: step,
      id: child(step, 'id')?.toString(),
      name: child(step, 'name'),
      condition: conditionOf(child(step, 'if')),
      env: mappingAt(step, 'env'),
      continueOnError: child(step, 'continue-on-error'),
      timeoutMinutes: child(step, 'timeout-minutes'),
      run: child(step, 'run'),
      shell: child(step, 'shell'),
      workingDirectory: child(step, 'working-directory'),
      uses: child(step, 'uses'),
      with: mappingAt(step, 'with'),
    }
  })
}
