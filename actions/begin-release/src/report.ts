import { type Log, markdownTable } from '@deploy-actions/action-kit'
import { shortDigest } from '@deploy-actions/ecr'
import { attemptServes, type ImageSchema, type RecordState, recordName } from '@deploy-actions/release'
import type { Inputs } from './inputs.ts'
import type { Verdict } from './run.ts'

export interface Begun {
  inputs: Inputs
  /** The record as it was found; undefined on the first release. */
  before: RecordState | undefined
  state: RecordState
  image: ImageSchema
  verdict: Extract<Verdict, { admitted: true }>
}

export function sayBegun(log: Log, { inputs, before, state, image, verdict }: Begun): void {
  const { application, environment, digest, commit } = inputs
  const from = state.releases[0]
  log.info(
    `Releasing ${shortDigest(digest)}${commit ? ` (commit ${commit.slice(0, 7)})` : ''} of ${application} to ${environment}.`,
  )
  if (!before)
    log.notice(
      `There was no record of ${application} in ${environment}; ${recordName(application, environment)} is started with this release.`,
    )
  else
    log.info(
      from
        ? `The newest release on record is ${shortDigest(from.digest)} of ${from.at}.`
        : 'No release on record has ended well yet.',
    )

  const unfinished = before?.attempt
  if (unfinished && !unfinished.outcome)
    log.warning(
      `The release of ${shortDigest(unfinished.digest)} that began on ${unfinished.since}${unfinished.run ? ` (${unfinished.run})` : ''} never reported its end; its runner was lost or killed. What it reached: ${reached(unfinished.services)}.${attemptServes(before) ? ' As all its services had completed by then, it is on record as a release that ended well from now on.' : ''}`,
    )
  for (const warning of verdict.warnings) log.warning(warning)
  log.info(levelLine(state, image, verdict))
  for (const name of verdict.migrations) log.info(`  ${name}`)
  if (verdict.willMigrate && from)
    log.info(
      'From the migration until the deployment has completed, the previous release runs on the new schema: it has to be able to.',
    )
}

export function beginSummary({ inputs, state, image, verdict }: Begun): string {
  const rows = [
    ['Image', `\`${inputs.repository.name}@${shortDigest(inputs.digest)}\``],
    ['Previous release', state.releases[0] ? `\`${shortDigest(state.releases[0].digest)}\`` : 'none on record'],
    ['Schema', levelLine(state, image, verdict)],
  ]
  const list = verdict.migrations.map((name) => `- \`${name}\``).join('\n')
  return `### Release of ${inputs.application} to ${inputs.environment}\n\n${markdownTable(['', ''], rows)}${list ? `\n\nTo be applied:\n\n${list}` : ''}`
}

function levelLine(state: RecordState, image: ImageSchema, { willMigrate, migrations }: Begun['verdict']): string {
  const level = image.level.text
  if (level === 'none' && !willMigrate) return 'The image has no migrations, and the database needs none.'
  if (!willMigrate) return `Nothing to migrate: the image expects ${level}, the database has ${state.schema?.level}.`
  if (!state.schema) return `The level of the database is not on record yet; the image brings ${level}.`
  return `${migrations.length} to migrate: from ${state.schema.level} to ${level}.`
}

function reached(services: Record<string, string>): string {
  const entries = Object.entries(services).map(([service, revision]) => `${service} on ${revision}`)
  return entries.length > 0 ? entries.join(', ') : 'no service completed'
}
