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
 * Service revisions that a service without a record may return to, best first (ECS API: ListServiceDeployments).
 * First what the present deployment replaced, then what earlier deployments brought, of both only what was deployed
 * successfully; at last, where nothing of that is known any more (ECS keeps deployments for 90 days), what the
 * present deployment replaced.
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
