import {
  type Log,
  markdownDigests,
  markdownInlineCode,
  markdownTable,
  markdownText,
  summaryHeading,
} from '@deploy-actions/action-kit'
import { shortDigest } from '@deploy-actions/ecr'
import {
  type GateGo,
  intentServes,
  type RecordState,
  type Release,
  type StoredRecord,
  warningText,
} from '@deploy-actions/release'
import type { Inputs } from './inputs.ts'

/** A release that has begun. */
export interface BegunRelease {
  inputs: Inputs
  /** The record as it was found, and as it was written. */
  before: RecordState | undefined
  record: StoredRecord
  answer: GateGo
}

export function sayBegun(log: Log, begun: BegunRelease): void {
  const { inputs, before, record, answer } = begun
  const { application, environment, digest, commit } = inputs
  const from = record.state.releases[0]
  log.info(
    `Releasing ${shortDigest(digest)}${commit ? ` (commit ${commit.slice(0, 7)})` : ''} of ${application} to ${environment}.`,
  )
  if (record.version === 1)
    log.notice(`There was no record of ${application} in ${environment}; ${record.name} is started with this release.`)
  else
    log.info(
      from
        ? `The newest release on record is ${nameOf(from)} of ${from.at}.`
        : 'No release on record has ended well yet.',
    )

  const unfinished = before?.intent
  if (unfinished && !unfinished.outcome && !(unfinished.kind === 'rollback' && unfinished.completed))
    log.warning(
      `The ${unfinished.kind === 'release' ? 'release' : 'way back'} of ${nameOf(unfinished)} that began on ${unfinished.since}${unfinished.run ? ` (${unfinished.run})` : ''} never reported its end; its runner was lost or killed. What it reached: ${reached(unfinished.services)}.${intentServes(before) ? ' As all its services had completed by then, it is on record as a release that ended well from now on.' : ''}`,
    )
  for (const warning of answer.warnings) log.warning(warningText(warning, record.name))
  log.info(levelLine(begun))
  for (const name of answer.migrations) log.info(`  ${name}`)
  if (answer.because === 'migrates' && from)
    log.info(
      'From the migration until the deployment has completed, the previous release runs on the new schema: it has to be able to.',
    )
}

/** The summary of a release that may not begin. */
export function refusedSummary({ application, environment }: Inputs, message: string): string {
  return [summaryHeading(`Release of ${application} to ${environment}`, 'refused'), markdownText(message)].join('\n\n')
}

export function beginSummary(begun: BegunRelease): string {
  const { inputs, record, answer } = begun
  const previous = record.state.releases[0]
  const list = answer.migrations.map((name) => `- ${markdownInlineCode(name)}`).join('\n')
  return [
    summaryHeading(`Release of ${inputs.application} to ${inputs.environment}`, 'begun'),
    markdownTable(
      ['Image', 'Previous release', 'Schema'],
      [
        [
          `\`${inputs.repository.name}@${shortDigest(inputs.digest)}\``,
          previous ? markdownInlineCode(nameOf(previous)) : 'none on record',
          markdownText(levelLine(begun)),
        ],
      ],
    ),
    ...(list ? [`To be applied:\n\n${list}`] : []),
    markdownDigests([inputs.digest, previous?.digest].filter((digest) => digest !== undefined)),
  ].join('\n\n')
}

function levelLine({ record, answer: { because, level, migrations } }: BegunRelease): string {
  const { schema } = record.state
  if (because === 'migrates')
    return schema
      ? `${migrations.length} to migrate: from ${schema.level} to ${level}.`
      : `The level of the database is not on record yet; the image brings ${level}.`
  return level === 'none'
    ? 'The image has no migrations, and the database needs none.'
    : `Nothing to migrate: the image expects ${level}, the database has ${schema?.level}.`
}

function reached(services: Record<string, string>): string {
  const entries = Object.entries(services).map(([service, revision]) => `${service} on ${revision}`)
  return entries.length > 0 ? entries.join(', ') : 'no service completed'
}

function nameOf({ digest, commit }: Pick<Release, 'digest' | 'commit'>): string {
  return digest ? shortDigest(digest) : commit ? `commit ${commit.slice(0, 7)}` : 'an image without digest'
}
