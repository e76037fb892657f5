import { isMapping } from '@actions/workflow-parser/templates/tokens/type-guards'
import { entries, type TemplateToken } from '../language/tokens.ts'

export type Level = 'none' | 'read' | 'write'

/** What the token of a job may do, by scope. A scope that is not named is `none`. */
export type Permissions = Readonly<Record<string, Level>>

const scopes = [
  'actions',
  'artifact-metadata',
  'attestations',
  'checks',
  'contents',
  'deployments',
  'discussions',
  'id-token',
  'issues',
  'models',
  'packages',
  'pages',
  'pull-requests',
  'repository-projects',
  'security-events',
  'statuses',
]

/**
 * What a workflow without `permissions` gets in repositories made since 2023: the setting "read repository contents
 * and packages".
 */
export const restrictedDefault: Permissions = { contents: 'read', packages: 'read' }

/**
 * Reads a `permissions` value. Undefined where there is none. `id-token` and `models` have their own shorthand
 * rules.
 */
export function readPermissions(token: TemplateToken | undefined): Permissions | undefined {
  if (!token) return undefined
  if (isMapping(token))
    return Object.fromEntries(entries(token).map(({ key, value }) => [key, value.toString() as Level]))
  const level: Level = token.toString() === 'write-all' ? 'write' : 'read'
  return Object.fromEntries(
    scopes.map((scope) => [
      scope,
      scope === 'id-token' && level === 'read' ? 'none' : scope === 'models' ? 'read' : level,
    ]),
  )
}

const rank: Record<Level, number> = { none: 0, read: 1, write: 2 }

/** The scopes of `asked` that go beyond `granted`, such as `id-token: write`. */
export function beyond(asked: Permissions, granted: Permissions): { scope: string; asked: Level; granted: Level }[] {
  return Object.entries(asked)
    .map(([scope, level]) => ({ scope, asked: level, granted: granted[scope] ?? 'none' }))
    .filter((entry) => rank[entry.asked] > rank[entry.granted])
}
