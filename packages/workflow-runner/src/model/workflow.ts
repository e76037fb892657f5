import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { isString } from '@actions/workflow-parser/templates/tokens/type-guards'
import { conditionOf } from '../language/condition.ts'
import { WorkflowError } from '../language/errors.ts'
import { parseTemplate } from '../language/template.ts'
import { child, entries, type MappingToken, mappingAt, type TemplateToken, texts } from '../language/tokens.ts'
import { type Permissions, readPermissions } from './permissions.ts'
import type { Source } from './source.ts'
import { readSteps, type Step } from './steps.ts'
import { refuseInsert, requireSupported } from './supported.ts'
import { readTriggers, type Triggers } from './triggers.ts'

interface JobBase {
  id: string
  file: string
  token: TemplateToken
  name: TemplateToken | undefined
  needs: string[]
  condition: string
  strategy: MappingToken | undefined
  permissions: Permissions | undefined
  concurrency: TemplateToken | undefined
}

export interface StepsJob extends JobBase {
  kind: 'steps'
  runsOn: TemplateToken | undefined
  environment: TemplateToken | undefined
  env: MappingToken | undefined
  defaults: MappingToken | undefined
  outputs: MappingToken | undefined
  timeoutMinutes: TemplateToken | undefined
  continueOnError: TemplateToken | undefined
  steps: Step[]
}

export interface CallJob extends JobBase {
  kind: 'call'
  uses: string
  with: MappingToken | undefined
  secrets: MappingToken | 'inherit' | undefined
}

export type Job = StepsJob | CallJob

/** A workflow file, read and validated; expressions are still unevaluated. */
export interface Workflow {
  source: Source
  /** Path in its repository: `.github/workflows/deploy.yml`. */
  file: string
  name: string
  runName: TemplateToken | undefined
  triggers: Triggers
  env: MappingToken | undefined
  defaults: MappingToken | undefined
  permissions: Permissions | undefined
  concurrency: TemplateToken | undefined
  jobs: Map<string, Job>
}

/**
 * Reads the workflow file at `file` (a path in the repository). Throws a WorkflowError for a missing file, for what
 * GitHub would refuse, and for what this runner does not support, naming file, line and construct.
 */
export function readWorkflow(source: Source, file: string): Workflow {
  const full = path.join(source.directory, file)
  if (!existsSync(full)) throw new WorkflowError(`${source.repository} has no workflow file '${file}' at ${source.ref}`)
  const { root } = parseTemplate('workflow', file, readFileSync(full, 'utf8'))
  requireSupported(file, 'workflow', root)
  refuseInsert(file, root)
  const concurrency = child(root, 'concurrency')
  requireSupported(file, 'concurrency', concurrency)
  return {
    source,
    file,
    name: child(root, 'name')?.toString() ?? file,
    runName: child(root, 'run-name'),
    triggers: readTriggers(child(root, 'on')),
    env: mappingAt(root, 'env'),
    defaults: mappingAt(mappingAt(root, 'defaults'), 'run'),
    permissions: readPermissions(child(root, 'permissions')),
    concurrency,
    jobs: new Map(entries(child(root, 'jobs')).map(({ key, value }) => [key, readJob(file, key, value)])),
  }
}

function readJob(file: string, id: string, token: TemplateToken): Job {
  requireSupported(file, 'job', token)
  for (const part of ['environment', 'strategy', 'concurrency'] as const)
    requireSupported(file, part, child(token, part))
  const base: JobBase = {
    id,
    file,
    token,
    name: child(token, 'name'),
    needs: texts(child(token, 'needs')),
    condition: conditionOf(child(token, 'if')),
    strategy: mappingAt(token, 'strategy'),
    permissions: readPermissions(child(token, 'permissions')),
    concurrency: child(token, 'concurrency'),
  }
  const uses = child(token, 'uses')
  if (uses) {
    const secrets = child(token, 'secrets')
    return {
      ...base,
      kind: 'call',
      uses: uses.toString(),
      with: mappingAt(token, 'with'),
      secrets: secrets && isString(secrets) ? 'inherit' : mappingAt(token, 'secrets'),
    }
  }
  return {
    ...base,
    kind: 'steps',
    runsOn: child(token, 'runs-on'),
    environment: child(token, 'environment'),
    env: mappingAt(token, 'env'),
    defaults: mappingAt(mappingAt(token, 'defaults'), 'run'),
    outputs: mappingAt(token, 'outputs'),
    timeoutMinutes: child(token, 'timeout-minutes'),
    continueOnError: child(token, 'continue-on-error'),
    steps: readSteps(file, child(token, 'steps')),
  }
}
