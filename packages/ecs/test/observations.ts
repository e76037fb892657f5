import type { Deployment, Service, ServiceDeployment, ServiceEvent } from '@aws-sdk/client-ecs'
import type { Observation, StartedDeployment } from '../src/deployments/types.ts'

/** The moment the deployment under test was created; all other times are seconds from here. */
export const begin = new Date('2026-11-01T08:00:00Z')
export const at = (seconds: number) => new Date(begin.getTime() + seconds * 1000)

export const ours = 'ecs-svc/5434307699940903438'
export const old = 'ecs-svc/1485800978477494678'
export const later = 'ecs-svc/7000000000000000001'
const prefix = 'arn:aws:ecs:eu-central-1:123456789012:'
export const definition = (revision: number) => `${prefix}task-definition/web:${revision}`

export const started: StartedDeployment = {
  cluster: 'prod',
  service: 'web',
  serviceArn: `${prefix}service/prod/web`,
  deploymentId: ours,
  taskDefinition: definition(42),
  previousTaskDefinition: definition(41),
  previousDeploymentId: old,
  createdAt: begin,
  eventsFrom: begin,
  created: true,
}

export const deploymentOurs = (fields: Deployment = {}): Deployment => ({
  id: ours,
  status: 'PRIMARY',
  taskDefinition: definition(42),
  createdAt: begin,
  updatedAt: begin,
  desiredCount: 4,
  runningCount: 4,
  pendingCount: 0,
  failedTasks: 0,
  rolloutState: 'IN_PROGRESS',
  rolloutStateReason: `ECS deployment ${ours} in progress.`,
  ...fields,
})
export const deploymentOld = (fields: Deployment = {}): Deployment => ({
  ...deploymentOurs(),
  id: old,
  status: 'ACTIVE',
  taskDefinition: definition(41),
  createdAt: at(-864_000),
  rolloutState: 'COMPLETED',
  rolloutStateReason: `ECS deployment ${old} completed.`,
  ...fields,
})
export const deploymentLater = (fields: Deployment = {}): Deployment => ({
  ...deploymentOurs(),
  id: later,
  taskDefinition: definition(43),
  createdAt: at(60),
  ...fields,
})

export const service = (deployments: Deployment[], fields: Service = {}): Service => ({
  serviceArn: started.serviceArn,
  serviceName: 'web',
  status: 'ACTIVE',
  desiredCount: 4,
  runningCount: 4,
  pendingCount: 0,
  deployments,
  deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
  ...fields,
})

export const serviceDeployment = (status: string, fields: ServiceDeployment = {}): ServiceDeployment =>
  ({
    serviceDeploymentArn: `${prefix}service-deployment/prod/web/ejGvqq2ilnbKT9qj0vLJe`,
    targetServiceRevision: { arn: `${prefix}service-revision/prod/web/5434307699940903438`, requestedTaskCount: 4 },
    createdAt: begin,
    deploymentCircuitBreaker: { status: 'MONITORING', failureCount: 0, threshold: 3 },
    status,
    ...fields,
  }) as ServiceDeployment

let eventNumber = 0
export const event = (seconds: number, text: string): ServiceEvent => ({
  id: `event-${eventNumber++}`,
  createdAt: at(seconds),
  message: `(service web) ${text}`,
})
export const failedEvent = (id = ours, seconds = 100) =>
  event(seconds, `(deployment ${id}) deployment failed: tasks failed to start.`)
export const rollbackEvent = (seconds = 100) => event(seconds, `rolling back to deployment ${old}.`)
export const completedEvent = (id = ours, seconds = 200) => event(seconds, `(deployment ${id}) deployment completed.`)

/** Five minutes in, seen, with the API denied unless a service deployment is given. */
export const observation = (fields: Partial<Observation>): Observation => ({
  started,
  now: at(300),
  since: begin,
  service: service([deploymentOurs(), deploymentOld()]),
  missingSince: undefined,
  events: [],
  access: fields.serviceDeployment ? 'linked' : 'denied',
  serviceDeployment: undefined,
  statusSince: at(200),
  statuses: [],
  seen: true,
  primarySince: at(200),
  failedSince: at(200),
  completedSince: at(200),
  lastRolloutState: 'IN_PROGRESS',
  ...fields,
})
