import type { ECSClient, Service } from '@aws-sdk/client-ecs'
import type { SSMClient } from '@aws-sdk/client-ssm'
import type { Clock } from '@deploy-actions/action-kit'
import { isAccessError } from '@deploy-actions/aws'
import { describeDeployableServices, familyRevision } from '@deploy-actions/ecs'
import { type Attempt, type RecordState, readLock, readRecord } from '@deploy-actions/release'
import type { Inputs } from './inputs.ts'

/** What serves one service now, before anything is changed. */
export interface Present {
  service: string
  described: Service
  /** `family:revision` and ARN of the PRIMARY deployment. */
  taskDefinition: string
  arn: string
  /** `ecs-svc/N` */
  deploymentId: string
  /** As far as the record knows it. */
  digest: string | undefined
}

export interface Situation {
  state: RecordState | undefined
  /** The release that holds the lock right now. */
  underWay: Attempt | undefined
  present: Present[]
}

/** Reads record, lock and services side by side: one call each. */
export async function lookAround(
  { record, cluster, services }: Inputs,
  { ecs, ssm, clock }: { ecs: ECSClient; ssm: SSMClient; clock: Clock },
): Promise<Situation> {
  const [stored, holder, described] = await Promise.all([
    record && readRecord(ssm, record.application, record.environment),
    record && readLock(ssm, record.application, record.environment, clock.now()).catch(ignoreDenied),
    describeDeployableServices(ecs, cluster, services),
  ])
  const state = stored?.state
  const attempt = state?.attempt
  return {
    state,
    underWay: attempt && !attempt.outcome && holder && holder.run === attempt.run ? attempt : undefined,
    present: described.map((service) => presentOf(service, state)),
  }
}

function presentOf(described: Service, state: RecordState | undefined): Present {
  const primary = described.deployments?.find(({ status }) => status === 'PRIMARY')
  const arn = primary?.taskDefinition ?? described.taskDefinition ?? ''
  const service = described.serviceName ?? ''
  const taskDefinition = familyRevision(arn)
  const known = [...(state?.attempt ? [state.attempt] : []), ...(state?.releases ?? [])]
  const digest = known.find(({ services }) => services[service] === taskDefinition)?.digest
  return { service, described, taskDefinition, arn, deploymentId: primary?.id ?? '', digest }
}

/** Without the right to see the lock the way back goes on, as if no release were under way. */
function ignoreDenied(error: unknown): undefined {
  if (!isAccessError(error)) throw error
}
