import { UserError } from '@deploy-actions/action-kit'
import { describeImage, repositoryOf, shortDigest } from '@deploy-actions/ecr'
import { badMark, goodReleases, type Intent, previousOf, type Release, releasesOfCommit } from '@deploy-actions/release'
import type { Deps } from './deps.ts'
import { type ImagePlace, imagePlace } from './images.ts'
import type { Inputs } from './inputs.ts'
import { pastRevisions } from './past-revisions.ts'
import type { Present, Situation } from './situation.ts'

/** Where one service would go. */
export interface ServiceTarget {
  present: Present
  /** Image of the container that goes back. */
  digest: string | undefined
  /** A task definition that it ran under, as `family:revision`. */
  taskDefinition: string | undefined
}

export interface Target {
  /** Why this one, as the end of a sentence. */
  reason: string
  services: ServiceTarget[]
  digest: string | undefined
  commit: string | undefined
  release: Release | undefined
  /** The record says that this is the release before. */
  onRecord?: boolean
  /** Somebody chose this very image, so that a mark on it is taken away. */
  byName?: boolean
}

/** Where the rollback may go, best first. Throws a UserError, with nothing changed, when there is nowhere to go. */
export async function targetsOf(inputs: Inputs, situation: Situation, deps: Deps): Promise<Target[]> {
  const { to } = inputs
  const { state, present } = situation
  switch (to.kind) {
    case 'previous':
      return previousTargets(inputs, situation, deps)
    case 'digest': {
      const release = state && goodReleases(state).find(({ digest }) => digest === to.digest)
      return [{ ...imageTarget('chosen by its digest', to.digest, present, release), byName: true }]
    }
    case 'commit':
      return [await commitTarget(to.commit, inputs, situation, deps)]
    case 'task-definition': {
      const release =
        state && goodReleases(state).find(({ services }) => Object.values(services).includes(to.familyRevision))
      const digest = release?.digest
      return [
        {
          reason: 'chosen as a task definition',
          services: present.map((one) => ({ present: one, taskDefinition: to.familyRevision, digest })),
          release,
          digest,
          commit: release?.commit,
        },
      ]
    }
  }
}

async function previousTargets(inputs: Inputs, situation: Situation, deps: Deps): Promise<Target[]> {
  const { state, present } = situation
  const previous = state && previousOf(state, present)
  switch (previous?.kind) {
    case 'under-way':
      return [joined(previous.wayBack, goodReleases(state!), present)]
    case 'gone-back':
      throw nothingToTakeBack(previous.failed, previous.serves, previous.further)
    case 'releases': {
      const reason = 'the newest good release before the present one'
      const targets = previous.releases.map((release) => imageTarget(reason, release.digest, present, release))
      if (targets.length > 0) return targets.map((target) => ({ ...target, onRecord: true }))
      deps.log.info('The record knows no older release that ended well; asking ECS for its own list of deployments.')
    }
  }
  return ecsTargets(inputs, situation, deps)
}

/** Where a way back goes that is on record and has not ended: its run was lost, or somebody presses too. */
function joined(
  { digest, commit, target, release: number, run }: Intent,
  releases: Release[],
  present: Present[],
): Target {
  const release = releases.find((one) => one.number === number)
  const services = present.map((one) => {
    const meant = target[one.service]
    // A digest where the revision was still to be made.
    const taskDefinition = meant && !meant.startsWith('sha256:') ? meant : release?.services[one.service]
    return { present: one, digest, taskDefinition }
  })
  return {
    reason: `where a way back goes that has not ended${run ? ` (${run})` : ''}`,
    services,
    digest,
    commit,
    release,
    onRecord: true,
  }
}

function nothingToTakeBack(failed: Intent, serves: Release, further: Release | undefined): UserError {
  const name = ({ digest, commit }: Intent | Release) =>
    `${digest ? shortDigest(digest) : 'an image without digest'}${commit ? ` (commit ${commit.slice(0, 7)})` : ''}`
  return new UserError(
    `There is nothing to take back: the release of ${name(failed)} ${failed.outcome === 'cancelled' ? 'was cancelled' : 'did not end well'}, and ${name(serves)} serves, which ended well on ${serves.at}. Nothing was changed. To go further back than that, name it in "to"${further ? `; the release before it is ${further.digest} (released ${further.at})` : ': a digest, a commit or family:revision'}.`,
  )
}

/** Without a record each service goes to its own best earlier revision. */
async function ecsTargets(inputs: Inputs, { present, state }: Situation, deps: Deps): Promise<Target[]> {
  const isBad = (digest: string | undefined) => state !== undefined && badMark(state.bad, { digest }) !== undefined
  const services = await Promise.all(
    present.map(async (one): Promise<ServiceTarget> => {
      const { present: now, earlier } = await pastRevisions(deps.ecs, inputs.cluster, one)
      const several = [now, ...earlier].some((revision) => Object.keys(revision?.digests ?? {}).length > 1)
      const container = several ? (await presentImage(inputs, one, deps)).container : undefined
      const digestOf = (digests: Record<string, string> = {}) =>
        container ? digests[container] : Object.values(digests)[0]
      const best = earlier.find(({ digests }) => !isBad(digestOf(digests)))
      if (!best)
        throw new UserError(
          `ECS remembers no earlier deployment of service "${one.service}" that ended well, so there is nothing to go back to. Nothing was changed. Name the target: to: a digest, a commit, or family:revision.`,
        )
      const digest = digestOf(best.digests)
      // The same definition can only have run another image under a tag that moved: then the image has to be pinned.
      const taskDefinition = best.taskDefinition === one.taskDefinition ? undefined : best.taskDefinition
      return { present: { ...one, digest: one.digest ?? digestOf(now?.digests) }, digest, taskDefinition }
    }),
  )
  const digests = new Set(services.map(({ digest }) => digest))
  const digest = digests.size === 1 ? [...digests][0] : undefined
  const reason = "what ECS's list of deployments shows as deployed before"
  return [{ reason, services, digest, commit: undefined, release: undefined }]
}

async function commitTarget(commit: string, inputs: Inputs, situation: Situation, deps: Deps): Promise<Target> {
  const { state, present } = situation
  const [release, ...others] = state ? releasesOfCommit(state, commit) : []
  if (release) {
    if (others.some((other) => other.commit !== release.commit))
      throw new UserError(`Input "to" is "${commit}", which begins several released commits. Give more of its digits.`)
    return {
      ...imageTarget(`the release of commit ${commit.slice(0, 7)}`, release.digest, present, release),
      byName: true,
    }
  }
  if (commit.length < 40)
    throw new UserError(
      `Input "to" is "${commit}": the record has no release of that commit. Give all 40 digits to find its image in ECR by the tag sha-<commit>. Nothing was changed.`,
    )
  const { image } = await presentImage(inputs, present[0]!, deps)
  const found =
    image.kind === 'ecr' ? await describeImage(deps.ecr, repositoryOf(image), { tag: `sha-${commit}` }) : undefined
  if (!found)
    throw new UserError(
      `Neither the record nor repository "${image.repository}" (tag sha-${commit}) knows an image of commit ${commit}. Nothing was changed. Give a digest, or deploy the commit.`,
    )
  const reason = `the image of commit ${commit.slice(0, 7)}`
  return { ...imageTarget(reason, found.digest, present, undefined), commit, byName: true }
}

function imageTarget(
  reason: string,
  digest: string | undefined,
  present: Present[],
  release: Release | undefined,
): Target {
  return {
    reason,
    digest,
    services: present.map((one) => ({ present: one, digest, taskDefinition: release?.services[one.service] })),
    commit: release?.commit,
    release,
  }
}

/** Where the image of a service stands in the task definition that serves now. */
export async function presentImage(inputs: Inputs, present: Present, { definition }: Deps): Promise<ImagePlace> {
  const { taskDefinition } = await definition(present.arn)
  return imagePlace(taskDefinition, inputs)
}

export function nameOf({ digest, services }: Target): string {
  if (digest) return shortDigest(digest)
  return services.map((service) => service.taskDefinition ?? shortDigest(service.digest ?? '')).join(', ')
}
