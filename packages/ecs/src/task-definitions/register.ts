import { type ECSClient, RegisterTaskDefinitionCommand, type Tag } from '@aws-sdk/client-ecs'
import type { Log } from '@deploy-actions/action-kit'
import { isAccessError } from '@deploy-actions/aws'
import { equivalent } from './differences.ts'
import {
  describeTaskDefinition,
  type FetchedTaskDefinition,
  familyRevision,
  type TaskDefinitionInput,
  toRegisterInput,
} from './fetch.ts'

export interface RegisteredTaskDefinition {
  arn: string
  /** `family:revision`: what may travel between jobs, since it holds no account id. */
  familyRevision: string
  /** False: an equal revision was there and is reused. */
  registered: boolean
}

/** Enough to find the revision of a release that is repeated or returned to soon, at one call each. */
const revisionsLookedAt = 5

/**
 * `current` when it is ACTIVE and means the same as `wanted`, else the newest such revision among the family's last
 * few, or else a new one. `tags` are added to those that `wanted` carries; where the role may not tag, the revision
 * is registered without any and one warning says so. Reused revisions keep the tags they have. Revisions are found
 * by number from the latest one on, which needs no right but ecs:DescribeTaskDefinition. ECS API:
 * RegisterTaskDefinition, DescribeTaskDefinition.
 */
export async function registerOrReuse(
  ecs: ECSClient,
  wanted: TaskDefinitionInput,
  { tags = {}, log, current }: { tags?: Record<string, string>; log: Log; current?: FetchedTaskDefinition | undefined },
): Promise<RegisteredTaskDefinition> {
  const equal = (current && usableFor(wanted, current)) ?? (await findEquivalentRevision(ecs, wanted))
  if (equal) return { arn: equal, familyRevision: familyRevision(equal), registered: false }
  const arn = await register(ecs, { ...wanted, tags: mergedTags(wanted.tags ?? [], tags) }, log)
  return { arn, familyRevision: familyRevision(arn), registered: true }
}

/**
 * ARN of the newest ACTIVE revision among the family's last `limit` ones that is equivalent to `wanted`; undefined
 * when there is none.
 */
export async function findEquivalentRevision(
  ecs: ECSClient,
  wanted: TaskDefinitionInput,
  limit = revisionsLookedAt,
): Promise<string | undefined> {
  const family = wanted.family ?? ''
  const newest = await describeTaskDefinition(ecs, family)
  const latest = newest?.taskDefinition.revision ?? 0
  const equal = newest && usableFor(wanted, newest)
  if (equal) return equal
  const before = Array.from({ length: Math.max(0, Math.min(limit, latest) - 1) }, (_, back) => latest - 1 - back)
  const candidates = await Promise.all(before.map((revision) => describeTaskDefinition(ecs, `${family}:${revision}`)))
  return candidates.flatMap((candidate) => (candidate && usableFor(wanted, candidate)) ?? [])[0]
}

/** The candidate's ARN when it is ACTIVE, of the same family, and means the same. */
function usableFor(wanted: TaskDefinitionInput, candidate: FetchedTaskDefinition): string | undefined {
  const { status, family, taskDefinitionArn } = candidate.taskDefinition
  if (status !== 'ACTIVE' || family !== wanted.family) return undefined
  return equivalent(toRegisterInput(candidate), wanted) ? taskDefinitionArn : undefined
}

async function register(ecs: ECSClient, { tags, ...input }: TaskDefinitionInput, log: Log): Promise<string> {
  const send = async (given: Tag[] | undefined) => {
    const { taskDefinition } = await ecs.send(
      // An empty list is refused: "Tags can not be empty."
      new RegisterTaskDefinitionCommand({ ...input, ...(given?.length ? { tags: given } : {}) }),
    )
    return taskDefinition?.taskDefinitionArn ?? ''
  }
  try {
    return await send(tags)
  } catch (error) {
    if (!tags?.length || !isAccessError(error) || error.action !== 'ecs:TagResource') throw error
    log.warning(
      `The new revision of ${input.family} carries no tags (commit, run, schema level and what was set before): the role may not call ecs:TagResource. Everything else goes on.`,
    )
    return await send(undefined)
  }
}

/** ECS takes at most 50 tags; keys of 128 and values of 256 letters, digits, spaces and _.:/=+-@ (ECS API: Tag). */
function mergedTags(existing: Tag[], added: Record<string, string>): Tag[] {
  const all = new Map(existing.map(({ key, value }) => [key ?? '', value ?? '']))
  for (const [key, value] of Object.entries(added)) all.set(tagText(key, 128), tagText(value, 256))
  return [...all].slice(0, 50).map(([key, value]) => ({ key, value }))
}

function tagText(text: string, longest: number): string {
  return text.replace(/[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu, '_').slice(0, longest)
}
