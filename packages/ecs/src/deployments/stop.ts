import { type ECSClient, StopServiceDeploymentCommand } from '@aws-sdk/client-ecs'
import { messageOf } from '@deploy-actions/action-kit'
import { isAwsError } from '@deploy-actions/aws'
import { findServiceDeployment } from './link.ts'
import type { StartedDeployment } from './types.ts'

export interface StopResult {
  /** Whether ECS took the request. */
  stopped: boolean
  /** What that means for the service, for a reader. */
  text: string
  serviceDeploymentArn: string | undefined
}

/**
 * Stops a running deployment and has ECS roll it back (ECS API: StopServiceDeployment, stopType ROLLBACK). Works without rollback being configured.
 * One that has ended, or cannot be found, is no error: the result says so. Throws AccessError when the role may not.
 */
export async function stopDeployment(
  ecs: ECSClient,
  started: StartedDeployment,
  serviceDeploymentArn?: string,
): Promise<StopResult> {
  const arn = serviceDeploymentArn ?? (await findServiceDeployment(ecs, started))
  if (!arn)
    return {
      stopped: false,
      text: `${started.service}: ECS lists no service deployment for ${started.deploymentId}, so there is nothing to stop. The deployment goes on.`,
      serviceDeploymentArn: undefined,
    }
  try {
    await ecs.send(new StopServiceDeploymentCommand({ serviceDeploymentArn: arn, stopType: 'ROLLBACK' }))
    return {
      stopped: true,
      text: `${started.service}: ECS was asked to stop the deployment and is rolling back.`,
      serviceDeploymentArn: arn,
    }
  } catch (error) {
    if (
      !isAwsError(
        error,
        'ConflictException',
        'ClientException',
        'InvalidParameterException',
        'ServiceDeploymentNotFoundException',
      )
    )
      throw error
    return {
      stopped: false,
      text: `${started.service}: the deployment could not be stopped, as it has ended or is ending by itself (${messageOf(error)}).`,
      serviceDeploymentArn: arn,
    }
  }
}
