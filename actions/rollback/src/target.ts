import { UserError } from '@deploy-actions/action-kit'
import { describeImage, repositoryOf, shortDigest } from '@deploy-actions/ecr'
import { badMark, goodReleases, type Intent, previousOf, type Release, releasesOfCommit } from '@deploy-actions/release'
import type { CurrentService, CurrentState } from './current-state.ts'
import type { Deps } from './deps.ts'
import { imageIn } from './images.ts'
import type { Inputs } from './inputs.ts'
import { pastRevisions } from './past-revisions.ts'

/** Where one service would go. */
export interface ServiceTarget {
  present: CurrentService
  /** Image of the container that goes back. */
  digest: string | undefined
  /** A task definition that it ran under, as `family:revision`. */
  taskDefinition: string | undefined
}

export interface Target {
  /** Why this one, as the end of a sentence. */
  reason: string
  services: ServiceTarget[]
  /** The image that all of them go back to. */
  digest: string | undefined
  commit: string | undefined
  release: Release | undefined
  /** The record says that this is the release before. */
  onRecord?: boolean
  /** Somebody chose this very image, so that a mark on it is taken away. */
  byName?: boolean
}

/** Where the rollback may go, best first. Throws a UserError, with nothing changed, when there is nowhere to go. */
export async function targetsOf(inputs: Inputs, current: CurrentState, deps: Deps): Promise<Target[]> {
  const { to } = inputs
  const { state, present } = current
  const releases = state ? goodReleases(state) : []
  switch (to.kind) {
    case 'previous':
      return previousTargets(inputs, current, deps)
    case 'digest': {
      const release = releases.find(({ digest }) => digest === to.digest)
      return [{ ...targetOf('chosen by its digest', to.digest, present, release), byName: true }]
    }
    case 'commit':
      return [{ ...(await commitTarget(to.commit, inputs, current, deps)), byName: true }]
    case 'task-definition': {
      const release = releases.find(({ services }) => Object.values(services).includes(to.familyRevision))
      return [targetOf('chosen as a task definition', release?.digest, present, release, () => to.familyRevision)]
    }
  }
}

/** The name of a target for a reader. */
export function nameOf({ digest, services }: Target): string {
  if (digest) return shortDigest(digest)
  return services.map((service) => service.taskDefinition ?? shortDigest(service.digest ?? '')).join(', ')
}

/** The one value that all have. */
export function theOne(values: (string | undefined)[]): string | undefined {
  return new Set(values).size === 1 ? values[0] : undefined
}

async function previousTargets(inputs: Inputs, current: CurrentState, deps: Deps): Promise<Target[]> {
  const { state, present } = current
  const previous = state && previousOf(state, present)
  if (previous?.kind === 'gone-back') throw nothingToTakeBack(previous.failed, previous.serves, previous.further)
  if (previous?.kind === 'under-way') return [joined(previous.wayBack, goodReleases(state!), present)]
  const reason = 'the newest good release before the present one'
  const targets = previous?.releases.map((release) => targetOf(reason, release.digest, present, release)) ?? []
  if (targets.length > 0) return targets.map((target) => ({ ...target, onRecord: true }))
  if (previous)
    deps.log.info('The record knows no older release that ended well; asking ECS for its own list of deployments.')
  return [await ecsTarget(inputs, current, deps)]
}

/** Where a way back goes that is on record and has not ended: its run was lost, or somebody presses too. */
function joined(wayBack: Intent, releases: Release[], present: CurrentService[]): Target {
  const { digest, commit, target, run } = wayBack
  const release = releases.find(({ number }) => number === wayBack.release)
  const reason = `where a way back goes that has not ended${run ? ` (${run})` : ''}`
  const definitionOf = ({ service }: CurrentService) => {
    const meant = target[service]
    // A digest where the revision was still to be made.
    return meant && !meant.startsWith('sha256:') ? meant : release?.services[service]
  }
  return { ...targetOf(reason, digest, present, release, definitionOf), commit, onRecord: true }
}

function nothingToTakeBack(failed: Intent, serves: Release, further: Release | undefined): UserError {
  const name = ({ digest, commit }: Intent | Release) =>
    `${digest ? shortDigest(digest) : 'an image without digest'}${commit ? ` (commit ${commit.slice(0, 7)})` : ''}`
  return new UserError(
    `There is nothing to take back: the release of ${name(failed)} ${failed.outcome === 'cancelled' ? 'was cancelled' : 'did not end well'}, and ${name(serves)} serves, which ended well on ${serves.at}. Nothing was changed. To go further back than that, name it in "to"${further ? `; the release before it is ${further.digest} (released ${further.at})` : ': a digest, a commit or family:revision'}.`,
  )
}

/** Without a record each service goes to its own best earlier revision. */
async function ecsTarget(inputs: Inputs, { present, state }: CurrentState, deps: Deps): Promise<Target> {
  const isBad = (digest: string | undefined) => state !== undefined && badMark(state.bad, { digest }) !== undefined
  const services = await Promise.all(
    present.map(async (one): Promise<ServiceTarget> => {
      const { present: now, earlier } = await pastRevisions(deps.ecs, inputs.cluster, one)
      const several = [now, ...earlier].some((revision) => Object.keys(revision?.digests ?? {}).length > 1)
      const container = several ? (await imageIn(one.arn, inputs, deps)).container : undefined
      const digestOf = (digests: Record<string, string> = {}) =>
        container ? digests[container] : Object.values(digests)[0]
      const best = earlier.find(({ digests }) => !isBad(digestOf(digests)))
      if (!best)
        throw new UserError(
          `ECS remembers no earlier deployment of service "${one.service}" that ended well, so there is nothing to go back to. Nothing was changed. Name the target: to: a digest, a commit, or family:revision.`,
        )
      return {
        present: { ...one, digest: one.digest ?? digestOf(now?.digests) },
        digest: digestOf(best.digests),
        // The same definition can only have run another image under a tag that moved: then the image has to be
        // pinned.
        taskDefinition: best.taskDefinition === one.taskDefinition ? undefined : best.taskDefinition,
      }
    }),
  )
  const reason = "what ECS's list of deployments shows as deployed before"
  return { ...targetOf(reason, undefined, present), services }
}

async function commitTarget(commit: string, inputs: Inputs, current: CurrentState, deps: Deps): Promise<Target> {
  const { state, present } = current
  const [release, ...others] = state ? releasesOfCommit(state, commit) : []
  if (others.some((other) => other.commit !== release?.commit))
    throw new UserError(`Input "to" is "${commit}", which begins several released commits. Give more of its digits.`)
  const name = commit.slice(0, 7)
  if (release) return targetOf(`the release of commit ${name}`, release.digest, present, release)
  if (commit.length < 40)
    throw new UserError(
      `Input "to" is "${commit}": the record has no release of that commit. Give all 40 digits to find its image in ECR by the tag sha-<commit>. Nothing was changed.`,
    )
  const { image } = await imageIn(present[0]!.arn, inputs, deps)
  const found =
    image.kind === 'ecr' ? await describeImage(deps.ecr, repositoryOf(image), { tag: `sha-${commit}` }) : undefined
  if (!found)
    throw new UserError(
      `Neither the record nor repository "${image.repository}" (tag sha-${commit}) knows an image of commit ${commit}. Nothing was changed. Give a digest, or deploy the commit.`,
    )
  return { ...targetOf(`the image of commit ${name}`, found.digest, present), commit }
}

function targetOf(
  reason: string,
  digest: string | undefined,
  present: CurrentService[],
  release?: Release,
  definitionOf = ({ service }: CurrentService) => release?.services[service],
): Target {
  const services = present.map((one) => ({ present: one, digest, taskDefinition: definitionOf(one) }))
  return { reason, services, digest, commit: release?.commit, release }
}
