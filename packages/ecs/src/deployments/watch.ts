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
/** A poll's calls may be throttled for minutes, but never hang for longer. Timers take at most 2^31 ms, and a timeout may be any length. */
const pollAtMostMs = 600_000
const slowestMs = 10_000
/** Credentials of an instance or a container can be out of reach for a moment. An expired session and a missing right end the watch at once. */
const refusalsBorne = 3

/**
 * Watches deployments of one cluster until each has ended, with one poller for all: per poll one DescribeServices for ten services and, once
 * linked, one DescribeServiceDeployments for twenty. Prints a line when something changed and service events as they come.
 * Answers in the order of `started`. Never throws for what happens on the way: a timeout, a cancelled run and lost credentials are outcomes
 * (`interrupted`), connection errors are waited out.
 */
export async function watchDeployments(
  context: WatchContext,
  started: StartedDeployment[],
  options: WatchOptions,
): Promise<DeploymentOutcome[]> {
  const { clock, log, random = Math.random } = context
  const begun = clock.now().getTime()
  const deadline = begun + options.timeoutMs
  const tracks = started.map((one) => newTrack(one, clock.now()))
  const outcomes = new Map<Track, DeploymentOutcome>()
  const printer = progressPrinter(log, started, begun)
  const say = { denied: false, unusable: false, trouble: false }
  let interval = intervalMs
  let refused = 0

  const end = (track: Track, outcome: DeploymentOutcome) => {
    outcomes.set(track, outcome)
    if (outcome.verdict === 'completed' && runsNothing(outcome.observation))
      log.warning(`${outcome.started.service}: ${outcome.reason}`)
    options.onEnded?.(outcome)
  }
  const open = () => tracks.filter((track) => !outcomes.has(track))

  while (open().length > 0) {
    try {
      const repeated = await poll(open(), context, printer, { deadline, timeoutMs: options.timeoutMs }, say)
      interval = repeated ? Math.min(slowestMs, interval * 1.5) : Math.max(intervalMs, interval / 2)
      say.trouble = false
      refused = 0
    } catch (error) {
      if (context.signal?.aborted) break
      if (error instanceof UserError) refused++
      if (isAccessError(error) || refused >= refusalsBorne) {
        for (const track of open()) end(track, interruptedOutcome(track, clock.now(), 'credentials', messageOf(error)))
        break
      }
      if (!say.trouble) log.warning(`Watching is disturbed and goes on: ${messageOf(error)}`)
      say.trouble = true
    }
    const now = clock.now()
    for (const track of open()) {
      const judgement = judgeTrack(track, now)
      options.onObserved?.(observationOf(track, now), judgement)
      printer.progress(track, judgement, now)
      const outcome = outcomeOf(track, judgement, now, options)
      if (outcome) end(track, outcome)
    }
    if (open().length === 0 || context.signal?.aborted) break
    if (clock.now().getTime() >= deadline) {
      for (const track of open()) end(track, interruptedOutcome(track, now, 'timeout', timeoutText(options.timeoutMs)))
      break
    }
    const pause = interval * (0.85 + 0.3 * random())
    await clock.sleep(Math.max(0, Math.min(pause, deadline - clock.now().getTime())), context.signal)
    if (context.signal?.aborted) break
  }
  for (const track of open()) end(track, interruptedOutcome(track, clock.now(), 'cancelled', 'The run was cancelled.'))
  return tracks.map((track) => outcomes.get(track)!)
}

/** One round of calls. The service deployments come first: what DescribeServices says next then explains a status and is never older than it. */
async function poll(
  tracks: Track[],
  context: WatchContext,
  printer: ProgressPrinter,
  { deadline, timeoutMs }: { deadline: number; timeoutMs: number },
  say: { denied: boolean; unusable: boolean },
): Promise<boolean> {
  const { ecs, clock, log } = context
  const cluster = tracks[0]!.started.cluster
  const left = deadline - clock.now().getTime() + 1_000
  const remaining = AbortSignal.timeout(Math.min(pollAtMostMs, Math.max(5_000, left)))
  const abortSignal = context.signal ? AbortSignal.any([context.signal, remaining]) : remaining
  const link: LinkContext = {
    ecs,
    clock,
    abortSignal,
    failed: [],
    onDenied(action: string) {
      if (say.denied) return
      say.denied = true
      log.warning(
        `The role may not call ${action}, so this deployment is judged by DescribeServices and its events: without the breaker's counts, alarms and lifecycle stages. Allow ecs:ListServiceDeployments and ecs:DescribeServiceDeployments in the policy of the role that this job assumes.`,
      )
    },
    onUnusable(error: unknown) {
      if (say.unusable) return
      say.unusable = true
      log.warning(
        `ECS does not tell about the service deployment (${messageOf(error)}), so it is judged by DescribeServices and its events: without the breaker's counts, alarms and lifecycle stages.`,
      )
    },
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

function outcomeOf(
  track: Track,
  judgement: Judgement,
  now: Date,
  options: WatchOptions,
): DeploymentOutcome | undefined {
  if (judgement.ended)
    return {
      ...outcomeBase(track, now),
      verdict: judgement.verdict,
      reason: judgement.reason,
      interrupted: undefined,
      phase: undefined,
      supersededBy: judgement.supersededBy,
    }
  if (judgement.phase !== 'paused' || options.onPause !== 'return') return undefined
  return {
    ...outcomeBase(track, now),
    verdict: 'paused',
    reason: judgement.reason,
    interrupted: undefined,
    phase: 'paused',
  }
}

function interruptedOutcome(
  track: Track,
  now: Date,
  interrupted: 'timeout' | 'cancelled' | 'credentials',
  why: string,
): DeploymentOutcome {
  const { judgement } = track
  const left = judgement && !judgement.ended ? ` Last seen: ${judgement.reason}` : ''
  return {
    ...outcomeBase(track, now),
    verdict: interrupted === 'timeout' ? 'timed-out' : 'unknown',
    reason: `${why}${left}`,
    interrupted,
    phase: judgement && !judgement.ended ? judgement.phase : undefined,
  }
}

function outcomeBase(track: Track, now: Date) {
  return {
    started: track.started,
    serviceDeploymentArn: track.arn,
    supersededBy: undefined,
    observation: track.service ? observationOf(track, now) : undefined,
    endedAt: now,
  }
}

function timeoutText(timeoutMs: number): string {
  return `The deployment had not ended after ${formatDuration(timeoutMs)}.`
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
