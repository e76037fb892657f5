import { DescribeServiceDeploymentsCommand, type ECSClient, ListServiceDeploymentsCommand } from '@aws-sdk/client-ecs'
import { type Clock, UserError } from '@deploy-actions/action-kit'
import { isAccessError, isAwsError } from '@deploy-actions/aws'
import { inBatches } from '../batches.ts'
import { type Track, takeServiceDeployment } from './track.ts'
import type { StartedDeployment } from './types.ts'

/** DescribeServiceDeployments takes twenty ARNs a call. */
const batchSize = 20
/** Listing is one call a service; this many a poll stay far below the API's 20 a second. */
const listsPerPoll = 5
/** The list shows a new deployment up to half a minute late; after this the judge no longer waits for it. */
const absentAfterMs = 90_000
/** After so many failed calls for one deployment it is judged without the service deployment. */
const failuresBorne = 5
/**
 * The list is filtered by AWS's clock, and `createdAt` of the service deployment may lie before the deployment's
 * own.
 */
const skewMs = 60_000

export interface LinkContext {
  ecs: ECSClient
  clock: Clock
  abortSignal: AbortSignal
  /** Called with the action that the role lacks. */
  onDenied(action: string): void
  /** Calls of this poll that failed for a reason of their own, with the deployments they asked for. */
  failed: { tracks: Track[]; error: unknown }[]
  /** Called when a service deployment is given up for errors other than a missing permission. */
  onUnusable(error: unknown): void
}

/**
 * Brings the service deployments up to date with one call per twenty: the linked ones, and as candidates those that
 * DescribeServices names as current. A candidate is only believed when its target revision is ours, as it is stale
 * for some seconds after an update (kayac/ecspresso#929). Returns whether a call had to be repeated. A call that
 * fails counts against its deployments only and never throws, but for the end of the run or of the credentials:
 * DescribeServices can still tell how they stand. The deployments of a failed call are asked for one by one.
 */
export async function refreshServiceDeployments(tracks: Track[], context: LinkContext): Promise<boolean> {
  const wanted = new Map<string, Track>()
  for (const track of tracks) {
    if (track.access === 'denied' || track.link.failures >= failuresBorne) continue
    const candidate = track.arn ?? track.service?.currentServiceDeployment
    if (candidate && (track.arn || !track.link.rejected.has(candidate))) wanted.set(candidate, track)
  }
  const batches = [
    ...inBatches(
      [...wanted].filter(([, { link }]) => !link.alone),
      batchSize,
    ),
    ...inBatches(
      [...wanted].filter(([, { link }]) => link.alone),
      1,
    ),
  ]
  const repeated = await Promise.all(batches.map((batch) => refreshBatch(new Map(batch), context)))
  return repeated.includes(true)
}

async function refreshBatch(wanted: Map<string, Track>, context: LinkContext): Promise<boolean> {
  const tracks = [...wanted.values()]
  try {
    const { serviceDeployments = [], $metadata } = await context.ecs.send(
      new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [...wanted.keys()] }),
      { abortSignal: context.abortSignal },
    )
    for (const { link } of tracks) Object.assign(link, { failures: 0, alone: false })
    for (const deployment of serviceDeployments) {
      const arn = deployment.serviceDeploymentArn ?? ''
      const track = wanted.get(arn)
      if (!track) continue
      if (isOurs(track.started, deployment.targetServiceRevision?.arn))
        takeServiceDeployment(track, deployment, context.clock.now())
      else track.link.rejected.add(arn)
    }
    return ($metadata.attempts ?? 1) > 1
  } catch (error) {
    giveUpOn(tracks, error, context)
    return false
  }
}

/** Looks up the deployments that are not linked yet, a few services a poll, each with growing pauses. */
export async function linkByList(tracks: Track[], context: LinkContext): Promise<void> {
  const now = context.clock.now().getTime()
  const due = tracks
    .filter(({ access, arn, link }) => access !== 'denied' && !arn && link.nextList <= now)
    .filter(({ link }) => link.failures < failuresBorne)
    // The first poll gives `currentServiceDeployment` its chance, which costs no call of its own.
    .filter(({ service, link }) => !service?.currentServiceDeployment || link.rejected.size > 0 || link.attempts > 0)
    .sort((a, b) => a.link.nextList - b.link.nextList)
    .slice(0, listsPerPoll)
  await Promise.all(
    due.map(async (track) => {
      track.link.attempts++
      track.link.nextList = now + Math.min(30_000, 2_000 * track.link.attempts)
      try {
        track.arn = await findServiceDeployment(context.ecs, track.started, context.abortSignal)
      } catch (error) {
        giveUpOn([track], error, context)
      }
    }),
  )
  for (const track of tracks)
    if (track.access === 'pending' && !track.arn && now - track.since.getTime() > absentAfterMs) track.access = 'absent'
}

/**
 * The ARN of the service deployment whose target is this deployment's revision (`ecs-svc/N` and `…/N`); undefined
 * while the list does not show it.
 */
export async function findServiceDeployment(
  ecs: ECSClient,
  started: StartedDeployment,
  abortSignal?: AbortSignal,
): Promise<string | undefined> {
  let nextToken: string | undefined
  for (let page = 0; page < 5 && (page === 0 || nextToken); page++) {
    const answer = await ecs.send(
      new ListServiceDeploymentsCommand({
        cluster: started.cluster,
        service: started.serviceArn,
        createdAt: { after: new Date(started.createdAt.getTime() - skewMs) },
        maxResults: 100,
        nextToken,
      }),
      { abortSignal },
    )
    const found = answer.serviceDeployments?.find(({ targetServiceRevisionArn }) =>
      isOurs(started, targetServiceRevisionArn),
    )
    if (found) return found.serviceDeploymentArn
    nextToken = answer.nextToken
  }
  return undefined
}

/** Whether a service revision is the one this deployment brings: both carry the same number. */
export function isOurs({ deploymentId }: StartedDeployment, revisionArn: string | undefined): boolean {
  return revisionArn !== undefined && revisionArn.split('/').at(-1) === deploymentId.split('/').at(-1)
}

/** Whether AWS refused a call because the session had ended, as opposed to a right that the role never had. */
function credentialsExpired({ cause }: Error): boolean {
  return cause instanceof Error && /Expired/.test(cause.name)
}

/**
 * A missing permission ends the search at once, any other trouble is counted; lost credentials and the end of the
 * run are the poll's.
 */
function giveUpOn(tracks: Track[], error: unknown, context: LinkContext): void {
  if (context.abortSignal.aborted) throw error
  if (isAccessError(error) && !credentialsExpired(error)) {
    for (const track of tracks) leaveOff(track, 'denied')
    context.onDenied(error.action)
    return
  }
  if (error instanceof UserError) throw error
  context.failed.push({ tracks, error })
}

/**
 * Counts what failed. Only for a poll whose DescribeServices was answered: when nothing comes through, the service
 * deployments are not to blame.
 */
export function countFailures({ failed, onUnusable }: LinkContext): void {
  for (const { tracks, error } of failed) {
    const unsupported = isAwsError(error, 'UnsupportedFeatureException')
    for (const { link } of tracks) {
      link.failures = unsupported ? failuresBorne : link.failures + 1
      link.alone = true
    }
    const given = tracks.filter(({ link }) => link.failures >= failuresBorne)
    for (const track of given) leaveOff(track, 'absent')
    if (given.length > 0 && !unsupported) onUnusable(error)
  }
}

/**
 * What was known of the service deployment no longer counts: it would stand still while the deployment moves on.
 */
function leaveOff(track: Track, access: 'denied' | 'absent'): void {
  track.access = access
  track.arn = undefined
  track.serviceDeployment = undefined
}
