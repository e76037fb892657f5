import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import type { World } from '../world.ts'

/**
 * ARN of an ECS resource: `service`, `CLUSTER/NAME` → `arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME` (long
 * format).
 */
export const ecsArn = (world: World, type: string, path: string) =>
  `arn:aws:ecs:${world.region}:${world.accountId}:${type}/${path}`

/** The last part of an ARN or path: of `arn:…:service/prod/web` that is `web`. */
export const lastPart = (arnOrName: string) => arnOrName.slice(arnOrName.lastIndexOf('/') + 1)

/** Task id: 32 hexadecimal digits. */
export const newTaskId = () => randomBytes(16).toString('hex')

/** Number of a deployment and its service revision: 19 decimal digits. */
export const newRevisionNumber = () =>
  String(randomInt(1, 10)) + Array.from({ length: 3 }, () => String(randomInt(0, 1_000_000)).padStart(6, '0')).join('')

/** Id of a service deployment: 21 characters of `[A-Za-z0-9_-]`. */
export const newServiceDeploymentId = () => randomBytes(16).toString('base64url').slice(0, 21)

/** Id of a lifecycle hook's run, as the guide's page on pause hooks shows it. */
export const newHookId = (kind: 'pause' | 'lambda') => `ecs-${kind}-${randomBytes(32).toString('base64url')}`

export const newUuid = () => randomUUID()
