import type { GitHubContext } from '@deploy-actions/action-kit'
import { LABELS, type Migration, schemaLabels } from '@deploy-actions/release'

/**
 * The labels of a new image: where it comes from (OCI image specification: annotations, used as labels), which
 * sources it was built from, which schema its code expects, and the user's own, which win over the first. `created`
 * is the commit's time, so that a second build of the same commit is the same image.
 */
export function imageLabels(
  github: GitHubContext,
  migrations: Migration[] | undefined,
  created: Date,
  sourceKey: string,
  own: Record<string, string>,
): Record<string, string> {
  const tag = github.ref.startsWith('refs/tags/') ? github.ref.slice('refs/tags/'.length) : undefined
  const labels: Record<string, string> = {
    'org.opencontainers.image.revision': github.sha,
    'org.opencontainers.image.source': github.repository ? `${github.serverUrl}/${github.repository}` : '',
    'org.opencontainers.image.created': created.toISOString(),
    'org.opencontainers.image.version': tag ?? github.sha.slice(0, 12),
    ...own,
    [LABELS.sourceKey]: sourceKey,
    ...(migrations && schemaLabels(migrations)),
  }
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''))
}
