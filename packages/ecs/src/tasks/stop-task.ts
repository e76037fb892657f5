import { type ECSClient, StopTaskCommand } from '@aws-sdk/client-ecs'
import { isAwsError } from '@deploy-actions/aws'

/**
 * Asks ECS to stop a task: SIGTERM to its containers, SIGKILL after their stopTimeout (30 s unless set). `reason`
 * appears as the task's stoppedReason. Returns false when there is no such task any more. ECS API: StopTask.
 */
export async function stopTask(
  ecs: ECSClient,
  { cluster, taskArn, reason }: { cluster: string; taskArn: string; reason: string },
): Promise<boolean> {
  try {
    await ecs.send(new StopTaskCommand({ cluster, task: taskArn, reason: reason.slice(0, 255) }))
    return true
  } catch (error) {
    if (isAwsError(error, 'InvalidParameterException') && /not found/i.test(error.message)) return false
    throw error
  }
}
