import { DescribeServiceRevisionsCommand } from '@aws-sdk/client-ecs'
import { messageOf } from '@deploy-actions/action-kit'
import { parseImageReference, shortDigest } from '@deploy-actions/ecr'
import type { DeploymentOutcome } from '@deploy-actions/ecs'
import type { Deps } from './deps.ts'
import type { Located } from './ecr-lookup.ts'
import { ecrOf } from './images.ts'
import type { Inputs } from './inputs.ts'
import type { Wanted } from './revisions.ts'

/** What a moved tag names, by service. */
export type TagExpectations = Map<string, { reference: string; digests: string[] }>

/**
 * Whether this is a release by tag: nothing is to change, and an image is named by a tag. Only a forced deployment makes ECS look at the tag again
 * (ECS developer guide: "Container image resolution").
 */
export function isTagRelease(inputs: Inputs, wanted: Wanted[]): boolean {
  if (inputs.image || inputs.taskDefinition) return false
  return wanted.some(({ changes, image }) => changes.length === 0 && image !== undefined && !image.includes('@sha256:'))
}

/** What the tags name now, for comparison with what the new tasks run. Images of other registries cannot be looked up and have no entry. */
export async function tagExpectations(wanted: Wanted[], deps: Deps): Promise<TagExpectations> {
  const found: TagExpectations = new Map()
  const digests = new Map<string, Promise<string[]>>()
  for (const { target, image } of wanted) {
    const parsed = image === undefined ? undefined : parseImageReference(image)
    const ecr = parsed && ecrOf(parsed.host)
    if (!image || !parsed || !ecr || parsed.digest) continue
    const asked = digests.get(image) ?? digestsOf({ name: parsed.repository, ...ecr }, parsed.tag ?? 'latest', deps)
    digests.set(image, asked)
    const answer = await asked
    if (answer.length > 0) found.set(target.name, { reference: image, digests: answer })
  }
  return found
}

/** The digest behind a tag and, for an index, those of its images: which of them ECS records is not documented. */
async function digestsOf(repository: Located, tag: string, deps: Deps): Promise<string[]> {
  try {
    const { lookUpTag, childDigests } = await import('./ecr-lookup.ts')
    const found = await lookUpTag(deps.clients, repository, tag)
    if (!found) {
      deps.log.warning(`Repository "${repository.name}" has no tag "${tag}": the new tasks will not find their image.`)
      return []
    }
    if (!found.mediaType.includes('index') && !found.mediaType.includes('list')) return [found.digest]
    return [found.digest, ...(await childDigests(deps.clients, repository, found.digest))]
  } catch (error) {
    deps.log.warning(`What the tag "${tag}" names is not compared with what the tasks run. ${messageOf(error)}`)
    return []
  }
}

/**
 * Compares what a completed deployment runs with what its tag named when it began; a difference makes it `failed`, as then it is not this release that
 * serves. Says the digest in any case.
 */
export async function checkDigests(
  outcomes: DeploymentOutcome[],
  expectations: TagExpectations,
  deps: Deps,
): Promise<DeploymentOutcome[]> {
  return Promise.all(
    outcomes.map(async (outcome) => {
      const expected = expectations.get(outcome.started.service)
      if (outcome.verdict !== 'completed' || !expected) return outcome
      const running = await runningDigests(outcome, deps)
      if (running.length === 0) return outcome
      const right = running.find((digest) => expected.digests.includes(digest))
      if (right) return { ...outcome, reason: `${outcome.reason} ${expected.reference} is ${shortDigest(right)}.` }
      return {
        ...outcome,
        verdict: 'failed' as const,
        reason: `The deployment completed, but its tasks run ${running.map(shortDigest).join(', ')}, while ${expected.reference} named ${shortDigest(expected.digests[0]!)} when this step began: the tag was moved meanwhile. Release by digest to be sure.`,
      }
    }),
  )
}

async function runningDigests({ started, observation }: DeploymentOutcome, deps: Deps): Promise<string[]> {
  const arn =
    observation?.serviceDeployment?.targetServiceRevision?.arn ??
    observation?.service?.currentServiceRevisions?.find(({ arn }) => arn?.endsWith(started.deploymentId.split('/')[1]!))
      ?.arn
  if (!arn) return []
  try {
    const { serviceRevisions = [] } = await deps.clients.ecs.send(
      new DescribeServiceRevisionsCommand({ serviceRevisionArns: [arn] }),
    )
    return serviceRevisions.flatMap(({ containerImages = [] }) =>
      containerImages.flatMap(({ imageDigest }) => imageDigest ?? []),
    )
  } catch (error) {
    deps.log.warning(`Which digest the tasks of ${started.service} run is not known. ${messageOf(error)}`)
    return []
  }
}
