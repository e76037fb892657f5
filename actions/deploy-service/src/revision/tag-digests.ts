import { DescribeServiceRevisionsCommand } from '@aws-sdk/client-ecs'
import { messageOf } from '@deploy-actions/action-kit'
import { type EcrImageRef, imageText, shortDigest } from '@deploy-actions/ecr'
import type { DeploymentOutcome } from '@deploy-actions/ecs'
import type { Deps } from '../deps.ts'
import type { Wanted } from './types.ts'

/** What moved tags name, by service. */
export type TagExpectations = Map<string, { reference: string; digests: string[] }[]>

/**
 * What the tags name now, for comparison with what the new tasks run. Images of other registries cannot be looked
 * up and have no entry.
 */
export async function tagExpectations(wanted: Wanted[], deps: Deps): Promise<TagExpectations> {
  const found: TagExpectations = new Map()
  const digests = new Map<string, Promise<string[]>>()
  for (const { target, byTag } of wanted)
    for (const image of byTag) {
      if (image.kind === 'foreign') continue
      const reference = imageText(image)
      const asked = digests.get(reference) ?? digestsOf(image, deps)
      digests.set(reference, asked)
      const answer = await asked
      if (answer.length > 0) found.set(target.name, [...(found.get(target.name) ?? []), { reference, digests: answer }])
    }
  return found
}

/** One line for all services that are released by tag. */
export function sayTags(wanted: Wanted[], { log }: Deps): void {
  const tagged = wanted.filter(({ byTag }) => byTag.length > 0)
  if (tagged.length === 0) return
  const names = tagged.map(({ target }) => target.name).join(', ')
  const references = [...new Set(tagged.flatMap(({ byTag }) => byTag.map(imageText)))].join(', ')
  log.info(
    `${names}: ${references} is named by a tag and nothing else changes; a new deployment makes ECS look up the tag again.`,
  )
}

/** The digest behind a tag and, for an index, those of its images: which of them ECS records is not documented. */
async function digestsOf(image: EcrImageRef, deps: Deps): Promise<string[]> {
  const { repository, tag = 'latest' } = image
  try {
    const { lookUpImage, childDigests } = await import('./ecr-lookup.ts')
    const found = await lookUpImage(deps.clients, image)
    if (!found) {
      deps.log.warning(`Repository "${repository}" has no tag "${tag}": the new tasks will not find their image.`)
      return []
    }
    if (!found.mediaType.includes('index') && !found.mediaType.includes('list')) return [found.digest]
    return [found.digest, ...(await childDigests(deps.clients, image, found.digest))]
  } catch (error) {
    deps.log.warning(`What the tag "${tag}" names is not compared with what the tasks run. ${messageOf(error)}`)
    return []
  }
}

/**
 * Compares what a completed deployment runs with what its tag named when it began; a difference makes it `failed`,
 * as then it is not this release that serves. Says the digest in any case.
 */
export async function checkDigests(
  outcomes: DeploymentOutcome[],
  expectations: TagExpectations,
  deps: Deps,
): Promise<DeploymentOutcome[]> {
  return Promise.all(
    outcomes.map(async (outcome) => {
      const expected = expectations.get(outcome.started.service) ?? []
      if (outcome.verdict !== 'completed' || expected.length === 0) return outcome
      const running = await runningDigests(outcome, deps)
      if (running.length === 0) return outcome
      const found = expected.map(({ digests }) => running.find((digest) => digests.includes(digest)))
      const moved = expected.find((_, index) => !found[index])
      if (!moved) {
        const lines = expected.map(({ reference }, index) => `${reference} is ${shortDigest(found[index] ?? '')}.`)
        return { ...outcome, reason: [outcome.reason, ...lines].join(' ') }
      }
      return {
        ...outcome,
        verdict: 'failed' as const,
        reason: `The deployment completed, but its tasks run ${running.map(shortDigest).join(', ')}, while ${moved.reference} named ${shortDigest(moved.digests[0] ?? '')} when this step began: the tag was moved meanwhile. Release by digest to be sure.`,
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
