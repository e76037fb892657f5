import type { Service, ServiceDeployment, ServiceEvent } from '@aws-sdk/client-ecs'
import { primaryOf } from '../services/primary.ts'
import { readDeploymentEvents } from './event-texts.ts'
import { judge } from './judge.ts'
import type { Judgement, Observation, ServiceDeploymentAccess, StartedDeployment } from './types.ts'

/** What a watch remembers of one deployment between polls. */
export interface Track {
  started: StartedDeployment
  since: Date
  access: ServiceDeploymentAccess
  /** The service deployment that is ours, once it is found. */
  arn: string | undefined
  service: Service | undefined
  missingSince: Date | undefined
  serviceDeployment: ServiceDeployment | undefined
  statuses: string[]
  statusSince: Date | undefined
  events: Map<string, ServiceEvent>
  seen: boolean
  primarySince: Date | undefined
  failedSince: Date | undefined
  completedSince: Date | undefined
  lastRolloutState: string | undefined
  link: { attempts: number; nextList: number; rejected: Set<string>; failures: number; alone: boolean }
  judgement: Judgement | undefined
}

export function newTrack(started: StartedDeployment, now: Date): Track {
  return {
    started,
    since: now,
    access: 'pending',
    arn: undefined,
    service: undefined,
    missingSince: undefined,
    serviceDeployment: undefined,
    statuses: [],
    statusSince: undefined,
    events: new Map(),
    seen: false,
    primarySince: undefined,
    failedSince: undefined,
    completedSince: undefined,
    lastRolloutState: undefined,
    link: { attempts: 0, nextList: 0, rejected: new Set(), failures: 0, alone: false },
    judgement: undefined,
  }
}

/** Takes in what DescribeServices says; returns the events that are new, oldest first. */
export function takeService(track: Track, service: Service | undefined, now: Date): ServiceEvent[] {
  if (!service) {
    track.missingSince ??= now
    return []
  }
  track.missingSince = undefined
  if (!track.primarySince || primaryOf(service)?.id !== primaryOf(track.service)?.id) track.primarySince = now
  track.service = service
  const own = service.deployments?.find(({ id }) => id === track.started.deploymentId)
  if (own) {
    track.seen = true
    track.lastRolloutState = own.rolloutState ?? track.lastRolloutState
  }
  const fresh = (service.events ?? []).filter(
    ({ id, createdAt }) => id && createdAt && createdAt >= track.started.eventsFrom && !track.events.has(id),
  )
  for (const event of fresh) track.events.set(event.id!, event)
  const said = readDeploymentEvents(fresh)
  const id = track.started.deploymentId
  if (own?.rolloutState === 'FAILED' || said.failed.has(id)) track.failedSince ??= now
  if (own?.rolloutState === 'COMPLETED' || said.completed.has(id)) track.completedSince ??= now
  return fresh.reverse()
}

export function takeServiceDeployment(track: Track, deployment: ServiceDeployment, now: Date): void {
  track.access = 'linked'
  track.arn = deployment.serviceDeploymentArn
  track.serviceDeployment = deployment
  const status = deployment.status ?? 'PENDING'
  if (track.statuses.at(-1) === status) return
  track.statuses.push(status)
  track.statusSince = now
}

export function observationOf(track: Track, now: Date): Observation {
  return {
    started: track.started,
    now,
    since: track.since,
    service: track.service,
    missingSince: track.missingSince,
    events: [...track.events.values()],
    access: track.access,
    serviceDeployment: track.serviceDeployment,
    statusSince: track.statusSince,
    statuses: track.statuses,
    seen: track.seen,
    primarySince: track.primarySince,
    failedSince: track.failedSince,
    completedSince: track.completedSince,
    lastRolloutState: track.lastRolloutState,
  }
}

export function judgeTrack(track: Track, now: Date): Judgement {
  track.judgement = judge(observationOf(track, now))
  return track.judgement
}
