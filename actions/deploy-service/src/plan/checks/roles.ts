import { GetRoleCommand, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam'
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { messageOf } from '@deploy-actions/action-kit'
import { isAccessError, isAwsError } from '@deploy-actions/aws'
import type { Deps } from '../../deps.ts'
import type { Inputs } from '../../inputs.ts'
import type { Wanted } from '../../revision/types.ts'
import type { Check } from './types.ts'

/**
 * Whether the task's roles exist, trust ECS tasks, and may be passed by the role of this job, as far as IAM lets us
 * look.
 */
export async function checkRoles(_: Inputs, wanted: Wanted[], deps: Deps): Promise<Check[]> {
  const roles = [
    ...new Set(wanted.flatMap(({ definition }) => [definition.executionRoleArn, definition.taskRoleArn])),
  ].filter((role) => role !== undefined)
  if (roles.length === 0) return []
  const checks = await Promise.all(roles.map((role) => orUnknown(`Role ${nameOf(role)}`, () => checkRole(role, deps))))
  return [
    ...checks.flat(),
    ...(await orUnknown('Whether this job may pass the roles', () => checkPassing(roles, deps))),
  ]
}

async function checkRole(role: string, deps: Deps): Promise<Check[]> {
  const name = nameOf(role)
  try {
    const { Role } = await (await deps.clients.iam()).send(new GetRoleCommand({ RoleName: name }))
    const trust = decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')
    return trust.includes('ecs-tasks.amazonaws.com')
      ? [{ level: 'ok', text: `Role ${name} exists and trusts ECS tasks.` }]
      : [{ level: 'problem', text: `Role ${name} does not trust ecs-tasks.amazonaws.com, so no task can take it on.` }]
  } catch (error) {
    if (!isAwsError(error, 'NoSuchEntityException', 'NoSuchEntity')) throw error
    return [{ level: 'problem', text: `Role ${name} does not exist.` }]
  }
}

async function checkPassing(roles: string[], deps: Deps): Promise<Check[]> {
  const { Arn = '' } = await (await deps.clients.sts()).send(new GetCallerIdentityCommand({}))
  const source = Arn.replace(/^(arn:[\w-]+):sts::(\d+):assumed-role\/([^/]+)\/.*$/, '$1:iam::$2:role/$3')
  const { EvaluationResults = [] } = await (await deps.clients.iam()).send(
    new SimulatePrincipalPolicyCommand({
      PolicySourceArn: source,
      ActionNames: ['iam:PassRole'],
      ResourceArns: roles,
      ContextEntries: [
        {
          ContextKeyName: 'iam:PassedToService',
          ContextKeyType: 'string',
          ContextKeyValues: ['ecs-tasks.amazonaws.com'],
        },
      ],
    }),
  )
  const denied = EvaluationResults.filter(({ EvalDecision }) => EvalDecision !== 'allowed')
  if (denied.length === 0) return [{ level: 'ok', text: `This job may pass ${roles.map(nameOf).join(', ')}.` }]
  const names = denied.map(({ EvalResourceName = '' }) => nameOf(EvalResourceName)).join(', ')
  return [
    {
      level: 'problem',
      text: `The role of this job may not pass ${names}: allow iam:PassRole on ${denied.length === 1 ? 'it' : 'them'}, or no revision can be registered.`,
    },
  ]
}

async function orUnknown(what: string, check: () => Promise<Check[]>): Promise<Check[]> {
  try {
    return await check()
  } catch (error) {
    const text = isAccessError(error) ? `the role may not call ${error.action}` : messageOf(error)
    return [{ level: 'unknown', text: `${what} was not checked: ${text}.` }]
  }
}

/** Without its path, as IAM's calls take it. */
function nameOf(role: string): string {
  return role.split('/').at(-1) ?? role
}
