import { DescribeServiceDeploymentsCommand, type ECSClient, StopServiceDeploymentCommand } from '@aws-sdk/client-ecs'
import { type Clock, messageOf, systemClock } from '@deploy-actions/action-kit'
import { isAccessError, isAwsError } from '@deploy-actions/aws'
import { findServiceDeployment, isOurs } from '../deployments/link.ts'
import type { StartedDeployment } from '../deployments/types.ts'
import { describeServices } from '../services/describe.ts'

/**
 * `not-found`: ECS does not list the deployment yet, which can take half a minute after the update. `text` is what
 * that means for the service, for a reader.
 */
export type StopResult =
  | { result: 'stopped' | 'ended'; text: string; serviceDeploymentArn: string }
  | { result: 'not-found'; text: string }

export interface StopOptions {
  /** Spares looking for it. */
  serviceDeploymentArn?: string | undefined
  /** How long to look for a deployment that is not listed yet. Default: once. */
  patienceMs?: number
  clock?: Clock
}

const pauseMs = 1_000

/**
 * Stops a running deployment and has ECS roll it back (ECS API: StopServiceDeployment, stopType ROLLBACK). Works
 * without rollback being configured. One that has ended, or is not listed yet, is no error: the result says so.
 * Throws AccessError when the role may not.
 */
export async function stopDeployment(
  ecs: ECSClient,
  started: StartedDeployment,
  { serviceDeploymentArn, patienceMs = 0, clock = systemClock }: StopOptions = {},
): Promise<StopResult> {
  const until = clock.now().getTime() + patienceMs
  let arn = serviceDeploymentArn ?? (await locate(ecs, started))
  while (!arn && clock.now().getTime() < until) {
    await clock.sleep(pauseMs)
    arn = await locate(ecs, started)
  }
  if (!arn)
    return {
      result: 'not-found',
      text: `${started.service}: ECS lists no service deployment for ${started.deploymentId} yet, so it could not be stopped. The deployment goes on.`,
    }
  try {
    await ecs.send(new StopServiceDeploymentCommand({ serviceDeploymentArn: arn, stopType: 'ROLLBACK' }))
    return {
      result: 'stopped',
      text: `${started.service}: ECS was asked to stop the deployment and is rolling back.`,
      serviceDeploymentArn: arn,
    }
  } catch (error) {
    const ended = [
      'ConflictException',
      'ClientException',
      'InvalidParameterException',
      'ServiceDeploymentNotFoundException',
    ]
    if (!isAwsError(error, ...ended)) throw error
    return {
      result: 'ended',
      text: `${started.service}: the deployment could not be stopped, as it has ended or is ending by itself (${messageOf(error)}).`,
      serviceDeploymentArn: arn,
    }
  }
}

/** By the list; where the role may not list, by what the service itself names, once that is proven to be ours. */
async function locate(ecs: ECSClient, started: StartedDeployment): Promise<string | undefined> {
  try {
    return await findServiceDeployment(ecs, started)
  } catch (error) {
    if (!isAccessError(error)) throw error
    const { services } = await describeServices(ecs, started.cluster, [started.serviceArn])
    const current = services[0]?.currentServiceDeployment
    if (!current) throw error
    const { serviceDeployments = [] } = await ecs.send(
      new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [current] }),
    )
    return serviceDeployments.find(({ targetServiceRevision }) => isOurs(started, targetServiceRevision?.arn))
      ?.serviceDeploymentArn
  }
}
