import { existsSync } from 'node:fs'
import path from 'node:path'
import { entries, place, type TemplateToken } from '../language/tokens.ts'
import type { Source } from '../model/source.ts'
import type { Step } from '../model/steps.ts'
import { type ActionFile, readActionFile } from '../step/action-file.ts'
import type { Plan } from './plan.ts'
import type { Resolver } from './resolve.ts'

/**
 * Where workflows and actions are out of step: inputs that the action does not declare, and outputs of steps that
 * it does not have. GitHub only warns of the first, and takes the second for empty texts.
 */
export function outOfStep(plan: Plan, resolver: Resolver): string[] {
  const { workflow } = plan
  const own = [...workflow.jobs.values()].flatMap((job) => {
    if (job.kind === 'call') return []
    const actions = new Map(job.steps.map((step) => [step, actionOf(step, workflow.source, resolver)]))
    const outputs = new Map(
      [...actions].flatMap(([step, action]) => (step.id && action ? [[step.id, action] as const] : [])),
    )
    return [
      ...[...actions].flatMap(([step, action]) => (action ? undeclaredInputs(step, action) : [])),
      ...missingOutputs(job.file, job.token, outputs),
    ]
  })
  return [...own, ...[...plan.calls.values()].flatMap((called) => outOfStep(called, resolver))]
}

function actionOf(step: Step, source: Source, resolver: Resolver): ActionFile | undefined {
  const uses = step.uses?.toString()
  if (!uses || uses.startsWith('./')) return undefined
  const reference = resolver.action(uses, source, '')
  if (reference.kind === 'stand-in' || !existsSync(path.join(reference.directory, 'action.yml'))) return undefined
  return readActionFile(reference.directory)
}

function undeclaredInputs(step: Step, action: ActionFile): string[] {
  const declared = [...action.inputs.keys()].map((name) => name.toLowerCase())
  return entries(step.with)
    .filter(({ key }) => !declared.includes(key.toLowerCase()))
    .map(({ key, keyToken }) => `${place(step.file, keyToken)}: '${key}' is not an input of ${step.uses}`)
}

function missingOutputs(file: string, token: TemplateToken, actions: Map<string, ActionFile>): string[] {
  if (token.isScalar) {
    const text = token.isExpression ? token.toString() : ''
    return [...text.matchAll(/\bsteps\.([\w-]+)\.outputs\.([\w-]+)/g)].flatMap(([, id = '', name = '']) => {
      const action = actions.get(id)
      const known = entries(action?.outputs).some(({ key }) => key.toLowerCase() === name.toLowerCase())
      return !action || known ? [] : [`${place(file, token)}: step '${id}' has no output '${name}'`]
    })
  }
  const parts = entries(token).map(({ value }) => value)
  const items = parts.length > 0 ? parts : [...(token as unknown as Iterable<TemplateToken>)]
  return items.flatMap((part) => missingOutputs(file, part, actions))
}
