import type { GitHubContext } from '@deploy-actions/action-kit'

/**
 * Tags for what a run creates: the commit, the run, and where it is known the schema level that the code expects.
 */
export function runTags({ sha, runUrl }: GitHubContext, schemaLevel?: string): Record<string, string> {
  return {
    ...(sha && { 'deploy-actions:commit': sha }),
    ...(runUrl && { 'deploy-actions:run': runUrl }),
    ...(schemaLevel && { 'deploy-actions:schema-level': schemaLevel }),
  }
}
