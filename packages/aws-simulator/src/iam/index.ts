import { createHash } from 'node:crypto'
import { matchesPattern } from '../faults.ts'
import type { Seed, SeedRole } from '../scenario.ts'
import { AwsFailure, type ServiceHandlers } from '../world.ts'

interface SimulateInput {
  PolicySourceArn: string
  ActionNames: string[]
  ResourceArns?: string[]
}

const idOf = (name: string) => `AROA${createHash('sha256').update(name).digest('hex').slice(0, 17).toUpperCase()}`

// IAM's action names are matched without regard to case.
const matchesAny = (patterns: string[] | undefined, action: string) =>
  (patterns ?? []).some((pattern) => matchesPattern(pattern.toLowerCase(), action.toLowerCase()))

function decision(role: SeedRole, action: string): 'allowed' | 'implicitDeny' | 'explicitDeny' {
  if (matchesAny(role.deny, action)) return 'explicitDeny'
  return matchesAny(role.allow ?? ['*'], action) ? 'allowed' : 'implicitDeny'
}

/** IAM, as far as one may ask whether a role exists and what it may do. Global: one for all regions. */
export function iamHandlers(accountId: string, createdAt: Date): ServiceHandlers {
  const roles = new Map<string, SeedRole>()
  const find = (name: string) => {
    const role = roles.get(name)
    if (!role)
      throw new AwsFailure('NoSuchEntityException', `The role with name ${name} cannot be found.`, { status: 404 })
    return role
  }
  const arnOf = (name: string) => `arn:aws:iam::${accountId}:role/${name}`
  return {
    signingName: 'iam',
    operations: {
      GetRole({ RoleName }: { RoleName: string }) {
        const role = find(RoleName)
        const principals = role.trusts ?? ['ecs-tasks.amazonaws.com']
        const policy = {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Principal: { Service: principals }, Action: 'sts:AssumeRole' }],
        }
        return {
          Role: {
            Path: '/',
            RoleName,
            RoleId: idOf(RoleName),
            Arn: arnOf(RoleName),
            CreateDate: createdAt,
            // IAM returns policy documents URL-encoded.
            AssumeRolePolicyDocument: encodeURIComponent(JSON.stringify(policy)),
            MaxSessionDuration: 3600,
          },
        }
      },
      SimulatePrincipalPolicy({ PolicySourceArn, ActionNames, ResourceArns = ['*'] }: SimulateInput) {
        const name = /^arn:aws:iam::\d+:role\/(.+)$/.exec(PolicySourceArn)?.[1]
        if (!name) throw new AwsFailure('InvalidInputException', `Invalid Entity Arn: ${PolicySourceArn}`)
        const role = find(name)
        return {
          EvaluationResults: ActionNames.flatMap((action) =>
            ResourceArns.map((resource) => ({
              EvalActionName: action,
              EvalResourceName: resource,
              EvalDecision: decision(role, action),
              MatchedStatements: [],
              MissingContextValues: [],
            })),
          ),
          IsTruncated: false,
        }
      },
    },
    seed(seed: Seed) {
      for (const role of seed.roles ?? []) roles.set(role.name, role)
    },
    state: () => [...roles.values()],
  }
}
