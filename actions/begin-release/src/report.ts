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
  type GateAnswer,
  type ImageSchema,
  intentServes,
  type RecordState,
  type Release,
  recordName,
  warningText,
} from '@deploy-actions/release'
import type { Inputs } from './inputs.ts'

type Going = Extract<GateAnswer, { go: true }>

export interface Begun {
  inputs: Inputs
  /** The record as it was found. */
  before: RecordState | undefined
  /** There was none. */
  isFirst: boolean
  state: RecordState
  image: ImageSchema
  answer: Going
}

export function toMigrate({ because, between }: Going): string[] {
  return because === 'overridden' ? [] : between
}

export function willMigrate(answer: Going): boolean {
  return answer.because === 'migrates' || toMigrate(answer).length > 0
}

export function sayBegun(log: Log, { inputs, before, isFirst, state, image, answer }: Begun): void {
  const { application, environment, digest, commit } = inputs
  const from = state.releases[0]
  log.info(
    `Releasing ${shortDigest(digest)}${commit ? ` (commit ${commit.slice(0, 7)})` : ''} of ${application} to ${environment}.`,
  )
  if (isFirst)
    log.notice(
      `There was no record of ${application} in ${environment}; ${recordName(inputs)} is started with this release.`,
    )
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
  for (const warning of answer.warnings) log.warning(warningText(warning, recordName(inputs)))
  log.info(levelLine(state, image, answer))
  for (const name of toMigrate(answer)) log.info(`  ${name}`)
  if (willMigrate(answer) && from)
    log.info(
      'From the migration until the deployment has completed, the previous release runs on the new schema: it has to be able to.',
    )
}

/** The summary of a release that may not begin. */
export function refusedSummary({ application, environment }: Inputs, message: string): string {
  return [summaryHeading(`Release of ${application} to ${environment}`, 'refused'), markdownText(message)].join('\n\n')
}

export function beginSummary({ inputs, state, image, answer }: Begun): string {
  const previous = state.releases[0]
  const list = toMigrate(answer)
    .map((name) => `- ${markdownInlineCode(name)}`)
    .join('\n')
  return [
    summaryHeading(`Release of ${inputs.application} to ${inputs.environment}`, 'begun'),
    markdownTable(
      ['Image', 'Previous release', 'Schema'],
      [
        [
          `\`${inputs.repository.name}@${shortDigest(inputs.digest)}\``,
          previous ? markdownInlineCode(nameOf(previous)) : 'none on record',
          markdownText(levelLine(state, image, answer)),
        ],
      ],
    ),
    ...(list ? [`To be applied:\n\n${list}`] : []),
    markdownDigests([inputs.digest, previous?.digest].filter((digest) => digest !== undefined)),
  ].join('\n\n')
}

function levelLine(state: RecordState, image: ImageSchema, answer: Going): string {
  const level = image.level.text
  if (level === 'none' && !willMigrate(answer)) return 'The image has no migrations, and the database needs none.'
  if (!willMigrate(answer))
    return `Nothing to migrate: the image expects ${level}, the database has ${state.schema?.level}.`
  if (!state.schema) return `The level of the database is not on record yet; the image brings ${level}.`
  return `${toMigrate(answer).length} to migrate: from ${state.schema.level} to ${level}.`
}

function reached(services: Record<string, string>): string {
  const entries = Object.entries(services).map(([service, revision]) => `${service} on ${revision}`)
  return entries.length > 0 ? entries.join(', ') : 'no service completed'
}

function nameOf({ digest, commit }: Pick<Release, 'digest' | 'commit'>): string {
  return digest ? shortDigest(digest) : commit ? `commit ${commit.slice(0, 7)}` : 'an image without digest'
}
