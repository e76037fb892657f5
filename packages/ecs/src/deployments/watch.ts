import type { ECSClient, Service } from '@aws-sdk/client-ecs'
import { type Clock, formatDuration, type Log, messageOf, UserError } from '@deploy-actions/action-kit'
import { isAccessError } from '@deploy-actions/aws'
import { bakeTime } from '../services/bake-time.ts'
import { describeServices, isNamed, isUnknownCluster } from '../services/describe.ts'
import { withoutServicePrefix } from './event-texts.ts'
import { countFailures, type LinkContext, linkByList, refreshServiceDeployments } from './link.ts'
import { progressLine, progressText } from './progress.ts'
import { runsNothing } from './reasons.ts'
import { judgeTrack, newTrack, observationOf, type Track, takeService } from './track.ts'
import type { DeploymentOutcome, Judgement, Observation, StartedDeployment } from './types.ts'

export interface WatchContext {
  ecs: ECSClient
  clock: Clock
  log: Log
  /** Ends the watch at once; the deployments go on. */
  signal?: AbortSignal | undefined
  random?: () => number
}

export interface WatchOptions {
  timeoutMs: number
  /** What to do at a PAUSE hook: end with the verdict `paused`, or wait for whoever decides. Default `wait`. */
  onPause?: 'wait' | 'return'
  /** Called after every poll of a deployment that is still open, the last one included. */
  onObserved?: (observation: Observation, judgement: Judgement) => void
  /** Called when one deployment has ended, while others may go on. */
  onEnded?: (outcome: DeploymentOutcome) => void
}

const intervalMs = 1_500
/**
 * A poll's calls may be throttled for minutes, but never hang for longer. Timers take at most 2^31 ms, and a
 * timeout may be any length.
 */
const pollAtMostMs = 600_000
const slowestMs = 10_000
/**
 * Credentials of an instance or a container can be out of reach for a moment. An expired session and a missing
 * right end the watch at once.
 */
const refusalsBorne = 3

/**
 * Watches deployments of one cluster until each has ended, with one poller for all: per poll one DescribeServices
 * for ten services and, once linked, one DescribeServiceDeployments for twenty. Prints a line when something
 * changed and service events as they come. Answers in the order of `started`. Never throws for what happens on the
 * way: a timeout, a cancelled run and lost credentials are outcomes (`interrupted`), connection errors are waited
 * out.
 */
export async function watchDeployments(
  context: WatchContext,
  started: StartedDeployment[],
  options: WatchOptions,
): Promise<DeploymentOutcome[]> {
  const { clock, log, signal, random = Math.random } = context
  const begun = clock.now().getTime()
  const deadline = begun + options.timeoutMs
  const tracks = started.map((one) => newTrack(one, clock.now()))
  const outcomes = new Map<Track, DeploymentOutcome>()
  const printer = progressPrinter(log, started, begun)
  const said = new Set<WarningKind>()
  let interval = intervalMs
  let refused = 0

  const warnOnce = (trouble: WarningKind, text: string) => {
    if (!said.has(trouble)) log.warning(text)
    said.add(trouble)
  }
  const open = () => tracks.filter((track) => !outcomes.has(track))
  const end = (track: Track, ending: TrackEnd) => {
    const outcome = outcomeOf(track, clock.now(), ending)
    outcomes.set(track, outcome)
    if (outcome.verdict === 'completed' && runsNothing(outcome.observation))
      log.warning(`${outcome.started.service}: ${outcome.reason}`)
    options.onEnded?.(outcome)
  }
  const interrupt = (interrupted: DeploymentOutcome['interrupted'], why: string) => {
    for (const track of open()) end(track, interruption(track, interrupted, why))
  }

  while (open().length > 0 && !signal?.aborted) {
    try {
      const repeated = await poll(open(), context, printer, { deadline, timeoutMs: options.timeoutMs }, warnOnce)
      interval = repeated ? Math.min(slowestMs, interval * 1.5) : Math.max(intervalMs, interval / 2)
      said.delete('disturbed')
      refused = 0
    } catch (error) {
      if (signal?.aborted) break
      if (error instanceof UserError) refused++
      if (isAccessError(error) || refused >= refusalsBorne) interrupt('credentials', messageOf(error))
      else warnOnce('disturbed', `Watching is disturbed and goes on: ${messageOf(error)}`)
    }
    for (const track of open()) {
      const now = clock.now()
      const judgement = judgeTrack(track, now)
      options.onObserved?.(observationOf(track, now), judgement)
      printer.progress(track, judgement, now)
      if (judgement.ended) end(track, judgement)
      else if (judgement.phase === 'paused' && options.onPause === 'return')
        end(track, { verdict: 'paused', reason: judgement.reason, phase: 'paused' })
    }
    const left = deadline - clock.now().getTime()
    if (left <= 0 && !signal?.aborted)
      interrupt('timeout', `The deployment had not ended after ${formatDuration(options.timeoutMs)}.`)
    if (open().length > 0) await clock.sleep(Math.min(interval * (0.85 + 0.3 * random()), left), signal)
  }
  interrupt('cancelled', 'The run was cancelled.')
  return tracks.map((track) => outcomes.get(track)!)
}

/** What is said once in a watch; of disturbances, once in a row. */
type WarningKind = 'denied' | 'unusable' | 'disturbed'

/**
 * One round of calls. The service deployments come first: what DescribeServices says next then explains a status
 * and is never older than it.
 */
async function poll(
  tracks: Track[],
  context: WatchContext,
  printer: ProgressPrinter,
  { deadline, timeoutMs }: { deadline: number; timeoutMs: number },
  warnOnce: (trouble: WarningKind, text: string) => void,
): Promise<boolean> {
  const { ecs, clock } = context
  const cluster = tracks[0]!.started.cluster
  const left = deadline - clock.now().getTime() + 1_000
  const remaining = AbortSignal.timeout(Math.min(pollAtMostMs, Math.max(5_000, left)))
  const abortSignal = context.signal ? AbortSignal.any([context.signal, remaining]) : remaining
  const link: LinkContext = {
    ecs,
    clock,
    abortSignal,
    failed: [],
    onDenied: (action) =>
      warnOnce(
        'denied',
        `The role may not call ${action}, so this deployment is judged by DescribeServices and its events: without the breaker's counts, alarms and lifecycle stages. Allow ecs:ListServiceDeployments and ecs:DescribeServiceDeployments in the policy of the role that this job assumes.`,
      ),
    onUnusable: (error) =>
      warnOnce(
        'unusable',
        `ECS does not tell about the service deployment (${messageOf(error)}), so it is judged by DescribeServices and its events: without the breaker's counts, alarms and lifecycle stages.`,
      ),
  }
  const repeatedDeployments = await refreshServiceDeployments(tracks, link)
  const described = await describeServices(
    ecs,
    cluster,
    tracks.map(({ started }) => started.serviceArn),
    abortSignal,
  ).catch((error: unknown) => {
    // Without its cluster a service is gone too, and has the same moment to come back.
    if (isUnknownCluster(error)) return { services: [], repeated: false }
    throw error
  })
  for (const track of tracks) {
    const service = described.services.find((one) => isNamed(one, track.started.serviceArn))
    if (!track.service && service) warnOfBakeTime(track.started, service, context, timeoutMs)
    printer.events(track, takeService(track, service?.status ? service : undefined, clock.now()))
  }
  await linkByList(tracks, link)
  countFailures(link)
  return repeatedDeployments || described.repeated
}

/** A timeout that the strategy alone outlasts is better known now than when it has passed. */
function warnOfBakeTime(
  { service: name, created }: StartedDeployment,
  service: Service,
  { log }: WatchContext,
  timeoutMs: number,
): void {
  const bake = bakeTime(service.deploymentConfiguration)
  if (!created || !bake || bake.minutes * 60_000 < timeoutMs) return
  log.warning(
    `${name}: ${bake.strategy} alone takes ${bake.minutes} min (${bake.text}), but timeout is ${formatDuration(timeoutMs)}: this step will give up before the deployment can end. Raise timeout, or shorten bake-time and step-bake-time.`,
  )
}

/** What an outcome tells about the end itself. */
type TrackEnd = Pick<DeploymentOutcome, 'verdict' | 'reason'> &
  Partial<Pick<DeploymentOutcome, 'interrupted' | 'phase' | 'supersededBy'>>

function outcomeOf(track: Track, now: Date, ending: TrackEnd): DeploymentOutcome {
  return {
    started: track.started,
    verdict: ending.verdict,
    reason: ending.reason,
    interrupted: ending.interrupted,
    phase: ending.phase,
    serviceDeploymentArn: track.arn,
    supersededBy: ending.supersededBy,
    observation: track.service ? observationOf(track, now) : undefined,
    endedAt: now,
  }
}

/** The end of a wait for a deployment that may go on. */
function interruption({ judgement }: Track, interrupted: DeploymentOutcome['interrupted'], why: string): TrackEnd {
  const last = judgement && !judgement.ended ? judgement : undefined
  return {
    verdict: interrupted === 'timeout' ? 'timed-out' : 'unknown',
    reason: last ? `${why} Last seen: ${last.reason}` : why,
    interrupted,
    phase: last?.phase,
  }
}

interface ProgressPrinter {
  events(track: Track, fresh: { message?: string | undefined }[]): void
  progress(track: Track, judgement: Judgement, now: Date): void
}

/** Prints what changed and nothing twice. */
function progressPrinter(log: Log, started: StartedDeployment[], begun: number): ProgressPrinter {
  const width = Math.max(...started.map(({ service }) => service.length), 0)
  const last = new Map<Track, string>()
  const lastReason = new Map<Track, string>()
  return {
    events(track, fresh) {
      for (const { message } of fresh)
        log.info(`${track.started.service.padEnd(width)}  ${withoutServicePrefix(message ?? '')}`)
    },
    progress(track, judgement, now) {
      const name = track.started.service
      if (!judgement.ended && worthSaying.has(judgement.phase) && lastReason.get(track) !== judgement.reason) {
        lastReason.set(track, judgement.reason)
        log.info(`${name.padEnd(width)}  ${judgement.reason}`)
      }
      const text = progressText(observationOf(track, now), judgement)
      if (last.get(track) === text) return
      last.set(track, text)
      log.info(progressLine(name, width, text, now.getTime() - begun))
    },
  }
}

const worthSaying = new Set(['rolling-back', 'paused', 'settling'])
