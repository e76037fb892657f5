import { messageOf } from '@deploy-actions/action-kit'
import { isAccessError } from '@deploy-actions/aws'
import { gateText, recordName, warningText } from '@deploy-actions/release'
import type { Deps } from '../../deps.ts'
import { askFor, gateImages, stateNow } from '../../gate/question.ts'
import type { Inputs } from '../../inputs.ts'
import type { Wanted } from '../../revision/types.ts'
import { checkImages } from './images.ts'
import { checkLogGroups } from './log-groups.ts'
import { checkRoles } from './roles.ts'
import { checkSecrets } from './secrets.ts'
import { checkServices } from './services.ts'
import type { Check } from './types.ts'

type Checker = (inputs: Inputs, wanted: Wanted[], deps: Deps) => Promise<Check[]>

const checkers: [string, Checker][] = [
  ['The images', checkImages],
  ['Secrets and parameters', checkSecrets],
  ['Log groups', checkLogGroups],
  ['Roles', checkRoles],
  ['The services', async (inputs, wanted) => checkServices(inputs, wanted)],
  ['Freeze and schema', checkRelease],
]

/**
 * Every check, side by side. One that the role may not make, or that fails itself, is `unknown` and hides none of
 * the others.
 */
export async function checkAll(inputs: Inputs, wanted: Wanted[], deps: Deps): Promise<Check[]> {
  const found = await Promise.all(
    checkers.map(async ([name, check]): Promise<Check[]> => {
      try {
        return await check(inputs, wanted, deps)
      } catch (error) {
        return [
          {
            level: 'unknown',
            text: `${name} were not checked. ${isAccessError(error) ? error.message : messageOf(error)}`,
          },
        ]
      }
    }),
  )
  return found.flat()
}

/**
 * The answer that the deployment would get. Before the release has begun, migrations that it brings have not run
 * yet: then what migrating would be answered counts.
 */
async function checkRelease(inputs: Inputs, wanted: Wanted[], deps: Deps): Promise<Check[]> {
  if (!inputs.release) return []
  const { application, environment } = inputs.release
  const name = recordName(inputs.release)
  const state = await stateNow(inputs, deps)
  const images = await gateImages(wanted, deps)
  const answer = await askFor('deploy', state, images, inputs, deps)
  if (answer.go) {
    const warnings = answer.warnings.map((one): Check => ({ level: 'warning', text: warningText(one, name) }))
    return [
      { level: 'ok', text: `The record of ${application} in ${environment} lets this release serve.` },
      ...warnings,
    ]
  }
  const text = gateText(answer.refusal, name)
  if (answer.refusal.because !== 'migrate-first') return [{ level: 'problem', text }]
  const migrating = await askFor('migrate', state, images, inputs, deps)
  return [
    { level: 'warning', text },
    ...(migrating.go ? [] : [{ level: 'problem' as const, text: gateText(migrating.refusal, name) }]),
  ]
}
