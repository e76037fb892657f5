import { olderReleases, releasedAt } from '../record/releases.ts'
import type { Attempt, RecordState, Release } from '../record/state.ts'

/** What serves one service now. */
export interface PresentService {
  service: string
  /** `family:revision` */
  taskDefinition: string
}

/**
 * Releases that a rollback to `previous` may return to, best first: those that ended well, are older than the present one and are not marked bad.
 * What serves now but is on record nowhere (a failed release, a change by hand) is newer than all of them; so is a release under way.
 */
export function rollbackCandidates(state: RecordState, present: PresentService[], underWay: boolean): Release[] {
  const { releases, bad } = state
  const serving = present.map(({ service, taskDefinition }) =>
    releases.find((release) => release.services[service] === taskDefinition),
  )
  const isNewer = underWay || serving.length === 0 || serving.includes(undefined)
  const newest = serving
    .filter((release) => release !== undefined)
    .sort((a, b) => Date.parse(releasedAt(b)) - Date.parse(releasedAt(a)))[0]
  return olderReleases(releases, bad, isNewer ? undefined : newest)
}

/**
 * The last release, where it did not end well and what serves is the newest good release again (or still): ECS, or the step that deployed, has gone back already. A rollback
 * to `previous` would then take a good release out of service. Undefined after a rollback by an operator, who meant it.
 */
export function takenBackAlready(state: RecordState, present: PresentService[]): Attempt | undefined {
  const { attempt, bad } = state
  const [newest] = state.releases
  if (!attempt?.outcome || !newest || Date.parse(attempt.since) <= Date.parse(newest.at)) return undefined
  if (bad.some(({ digest }) => digest === attempt.digest)) return undefined
  const serves = present.every(({ service, taskDefinition }) => newest.services[service] === taskDefinition)
  return serves ? attempt : undefined
}

/** One service deployment of ECS, as far as the choice needs it. */
export interface PastDeployment {
  status: string
  createdAt: Date
  /** ARN of the service revision that it brought. */
  target: string
  /** ARNs of what served before it. */
  sources: string[]
}

/**
 * Service revisions that a service without a record may return to, best first (ECS API: ListServiceDeployments). First what the present deployment
 * replaced, then what earlier deployments brought, of both only what was deployed successfully; at last, where nothing of that is known any more (ECS keeps
 * deployments for 90 days), what the present deployment replaced.
 */
export function earlierRevisions(deployments: PastDeployment[], presentRevision: string): string[] {
  const newestFirst = [...deployments].sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime())
  const number = (arn: string) => arn.split('/').at(-1)
  const isPresent = (arn: string) => number(arn) === number(presentRevision)
  const at = newestFirst.findIndex(({ target }) => isPresent(target))
  const replaced = (newestFirst[at]?.sources ?? []).filter((arn) => !isPresent(arn))
  const succeeded = newestFirst
    .slice(at + 1)
    .filter(({ status, target }) => status === 'SUCCESSFUL' && !isPresent(target))
    .map(({ target }) => target)
  const proven = replaced.filter((arn) => succeeded.some((target) => number(target) === number(arn)))
  const ordered = [...proven, ...succeeded, ...replaced]
  return ordered.filter((arn, index) => ordered.findIndex((other) => number(other) === number(arn)) === index)
}

/** Releases whose commit starts with `prefix`, newest first. */
export function releasesOfCommit(state: RecordState, prefix: string): Release[] {
  return state.releases.filter(({ commit }) => commit?.startsWith(prefix))
}
