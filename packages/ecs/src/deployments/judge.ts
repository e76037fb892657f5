import { findingsOf } from './findings.ts'
import { judgeByService } from './judge-by-service.ts'
import { judgeByServiceDeployment } from './judge-by-service-deployment.ts'
import { ended } from './reasons.ts'
import type { Judgement, Observation } from './types.ts'

/** How long one answer without the service may be a flaw of the moment. */
const missingMs = 10_000

/**
 * Says where one deployment stands, from everything that has been seen of it. Pure: the same observation gives the
 * same judgement.
 *
 * The service deployment decides where it can be read (API: ServiceDeployment.status); where it cannot,
 * `rolloutState`, the PRIMARY deployment and the events since the deployment's `createdAt` do. Task counts decide
 * nothing: right after an update they read as if all were well. A deployment that is no longer listed is not taken
 * for a rolled-back one; what holds the service in its place decides.
 */
export function judge(observation: Observation): Judgement {
  const { service, started } = observation
  const findings = findingsOf(observation)
  if (service && (service.status === 'INACTIVE' || service.status === 'DRAINING'))
    return ended('failed', `Service ${started.service} was deleted during the deployment (status ${service.status}).`)
  if (observation.missingSince && observation.now.getTime() - observation.missingSince.getTime() >= missingMs)
    return ended(
      'failed',
      `Service ${started.service} no longer exists in cluster ${started.cluster}: it, or the whole cluster, was deleted.`,
    )
  return judgeByServiceDeployment(observation, findings) ?? judgeByService(observation, findings)
}
