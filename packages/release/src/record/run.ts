import type { GitHubContext } from '@deploy-actions/action-kit'

/** How the record and the lock name a run: the link to it, with the attempt where it was repeated. Outside GitHub, who started it. */
export function runName({ runUrl, runAttempt, actor }: GitHubContext): string {
  if (!runUrl) return `${actor || 'someone'} outside GitHub`
  return Number(runAttempt) > 1 ? `${runUrl}/attempts/${runAttempt}` : runUrl
}
