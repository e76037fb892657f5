import type { DeploymentOutcome, StartedDeployment } from '../deployments/types.ts'
import { type WatchContext, watchDeployments } from '../deployments/watch.ts'
import { stopDeployment } from './stop.ts'

export interface UndoOptions {
  /** Spares looking for it. */
  serviceDeploymentArn?: string | undefined
  /** How long to look for a deployment that ECS does not list yet, which it does up to half a minute late. */
  patienceMs: number
  /** How long to ask how a deployment ended that was over before it could be stopped. */
  endMs: number
  /** Gives up after this; ECS may take the stop all the same. Default: never. */
  atMostMs?: number
}

/** What became of the wish to undo a deployment; the words are the caller's. */
export type UndoResult =
  /** ECS took the stop and rolls back. */
  | { kind: 'rolling-back'; serviceDeploymentArn: string; text: string }
  /** It was over already, or is ending by itself; `outcome` says how, where that could be seen. */
  | { kind: 'ended'; outcome: DeploymentOutcome | undefined; text: string }
  | { kind: 'not-listed'; text: string }
  | { kind: 'unanswered'; text: string }
  | { kind: 'failed'; cause: unknown }

/**
 * Stops a deployment of ours and has ECS roll it back (ECS API: StopServiceDeployment). The context's client is
 * built without the run's cancel, as it has to speak after it. Never throws.
 */
export async function undoDeployment(
  context: WatchContext,
  started: StartedDeployment,
  options: UndoOptions,
): Promise<UndoResult> {
  const work = stop(context, started, options).catch((cause: unknown): UndoResult => ({ kind: 'failed', cause }))
  if (options.atMostMs === undefined) return work
  const timer = new AbortController()
  const late = context.clock.sleep(options.atMostMs, timer.signal).then(
    (): UndoResult => ({
      kind: 'unanswered',
      text: `${started.service}: ECS has not answered the stop yet.`,
    }),
  )
  try {
    return await Promise.race([work, late])
  } finally {
    timer.abort()
  }
}

async function stop(
  context: WatchContext,
  started: StartedDeployment,
  { serviceDeploymentArn, patienceMs, endMs }: UndoOptions,
): Promise<UndoResult> {
  const { ecs, clock, log } = context
  const stopped = await stopDeployment(ecs, started, { serviceDeploymentArn, patienceMs, clock })
  log.info(stopped.text)
  switch (stopped.result) {
    case 'stopped':
      return { kind: 'rolling-back', serviceDeploymentArn: stopped.serviceDeploymentArn, text: stopped.text }
    case 'not-found':
      return { kind: 'not-listed', text: stopped.text }
    case 'ended': {
      const [end] = await watchDeployments(context, [started], { timeoutMs: endMs })
      return { kind: 'ended', outcome: end?.interrupted ? undefined : end, text: stopped.text }
    }
  }
}
