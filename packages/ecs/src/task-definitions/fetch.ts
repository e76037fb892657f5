import {
  DescribeTaskDefinitionCommand,
  type ECSClient,
  type RegisterTaskDefinitionCommandInput,
  type Tag,
  type TaskDefinition,
} from '@aws-sdk/client-ecs'
import { UserError } from '@deploy-actions/action-kit'
import { isAccessError, isAwsError } from '@deploy-actions/aws'
import { describeOnlyKeys } from './schema.ts'

/** A task definition as RegisterTaskDefinition takes it: what files hold, what is compared and what is sent. */
export type TaskDefinitionInput = RegisterTaskDefinitionCommandInput

export interface FetchedTaskDefinition {
  taskDefinition: TaskDefinition
  tags: Tag[]
}

/**
 * Reads a task definition with its tags. `reference` is a family (its latest ACTIVE revision), `family:revision` or
 * an ARN. An INACTIVE revision is returned: whether it may be used is the caller's question
 * (`taskDefinition.status`). Throws a UserError when it does not exist. ECS API: DescribeTaskDefinition.
 */
export async function fetchTaskDefinition(ecs: ECSClient, reference: string): Promise<FetchedTaskDefinition> {
  const found = await describeTaskDefinition(ecs, reference)
  if (found) return found
  const region = await ecs.config.region()
  const what = reference.includes(':') ? 'Task definition' : 'An active revision of the task definition family'
  throw new UserError(
    `${what} "${reference}" does not exist in ${region}. Valid: a family, family:revision or an ARN of this account and region.`,
  )
}

/** As `fetchTaskDefinition`, but undefined when there is none. */
export async function describeTaskDefinition(
  ecs: ECSClient,
  reference: string,
): Promise<FetchedTaskDefinition | undefined> {
  const describe = (include: 'TAGS'[]) =>
    ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: reference, include }))
  try {
    const { taskDefinition, tags } = await describe(['TAGS']).catch((error: unknown) => {
      // Reading the tags may need a right of its own; the definition is worth more than they are.
      if (isAccessError(error) && error.action === 'ecs:ListTagsForResource') return describe([])
      throw error
    })
    return taskDefinition ? { taskDefinition, tags: tags ?? [] } : undefined
  } catch (error) {
    if (isAwsError(error, 'ClientException', 'InvalidParameterException')) return undefined
    throw error
  }
}

/**
 * Turns DescribeTaskDefinition's answer into RegisterTaskDefinition's input. Drops the members that only Describe
 * has and tags that AWS reserves (`aws:…`, which nobody may set); keeps everything else as it is, empty texts and
 * lists included.
 */
export function toRegisterInput({ taskDefinition, tags }: FetchedTaskDefinition): TaskDefinitionInput {
  const input = structuredClone(taskDefinition) as Record<string, unknown>
  for (const key of describeOnlyKeys()) delete input[key]
  const kept = tags.filter((tag) => !tag.key?.startsWith('aws:'))
  // An empty list of tags is refused: "Tags can not be empty."
  return { ...input, ...(kept.length > 0 ? { tags: structuredClone(kept) } : {}) } as unknown as TaskDefinitionInput
}

/** `family:revision` of a task definition ARN; texts that are no ARN come back as they are. */
export function familyRevision(arn: string): string {
  return arn.slice(arn.lastIndexOf('/') + 1)
}
