import { rm } from 'node:fs/promises'
import path from 'node:path'
import { type ActionResult, formatDuration } from '@deploy-actions/action-kit'
import { formatBytes, shortDigest } from '@deploy-actions/ecr'
import { readMigrations, schemaLevel } from '@deploy-actions/release'
import { commitTime } from './commit.ts'
import type { Deps } from './deps.ts'
import { build } from './docker/build.ts'
import { findBuilder } from './docker/builder.ts'
import { type Lookup, lookUp } from './found-image.ts'
import type { Inputs } from './inputs.ts'
import { imageLabels } from './labels.ts'
import { inspectLayout, type LayoutSummary, layoutFromArchive } from './layout.ts'
import { reportBuild, reportReuse } from './report.ts'
import { type SourceKey, sourceKey } from './source-key/source-key.ts'

/** Finds the image of these sources in ECR, or builds it into an OCI layout. Pushing it is the next step's work. */
export async function run(inputs: Inputs, deps: Deps): Promise<ActionResult> {
  const { log, summary } = deps
  const migrations = inputs.migrationsPath ? await readMigrations(inputs.migrationsPath) : []
  const level = schemaLevel(migrations).text
  const source = await sourceKey(inputs)
  sayWhatItIs(inputs, source, level, deps)
  const outputs = { 'source-key': source.key, 'image-tag': source.tag, 'schema-level': level }

  const found = await findReusable(inputs, source.tag, deps)
  if (found.usable) {
    const age = found.ageMs === undefined ? '' : `, pushed ${formatDuration(found.ageMs)} ago`
    log.info(
      `ECR has it: ${inputs.repository.name}:${source.tag} is ${shortDigest(found.digest)}${age}. Nothing to build.`,
    )
    reportReuse(summary, inputs, source, found.digest, found.ageMs)
    return { outputs: { ...outputs, built: false, digest: found.digest, 'oci-layout': '' } }
  }
  if (inputs.lookupOnly) {
    log.info(`To be built: ${found.why}.`)
    return { outputs: { ...outputs, built: false, digest: '', 'oci-layout': '' } }
  }
  log.info(`Building: ${found.why}.`)

  const { clock } = deps
  const started = clock.now().getTime()
  const epoch = await commitTime(deps.github, deps.env)
  if (!epoch)
    log.notice(
      'The time of the commit is unknown (no git checkout, no push event), so a second build of it will not be the same image.',
    )
  const created = epoch === undefined ? clock.now() : new Date(Number(epoch) * 1000)
  const options = { cwd: inputs.workspace, env: deps.env, signal: deps.cancelled }
  const builder = await findBuilder(inputs.builder, options)
  const layout = inputs.output ?? path.join(deps.github.temp, 'build-image', source.tag)
  await rm(layout, { recursive: true, force: true })
  const built = await build(
    inputs,
    {
      dockerfile: source.dockerfile,
      labels: imageLabels(deps.github, inputs.migrationsPath ? migrations : undefined, created, inputs.labels),
      sourceDateEpoch: epoch,
      pull: found.stale,
      tag: source.tag,
      output: builder.exportsOci ? layout : `${layout}.tar`,
    },
    builder,
    deps,
  )
  const image: LayoutSummary =
    built.kind === 'layout'
      ? await inspectLayout(layout)
      : await layoutFromArchive(built.path, layout, deps.github.temp)

  const duration = clock.now().getTime() - started
  log.info(
    `Built ${shortDigest(image.digest)} in ${formatDuration(duration)}: ${formatBytes(image.bytes)} in ${image.layers} layers for ${inputs.platforms.join(', ')}, in ${layout}.`,
  )
  reportBuild(summary, inputs, source, image, built.steps, duration)
  return { outputs: { ...outputs, built: true, digest: image.digest, 'oci-layout': layout } }
}

/** `stale`: an image of these sources exists, but newer base images are wanted. */
type Search = Extract<Lookup, { usable: true }> | { usable: false; why: string; stale: boolean }

async function findReusable(inputs: Inputs, tag: string, { ecr, clock, log }: Deps): Promise<Search> {
  if (inputs.rebuild) return { usable: false, why: 'rebuild is set', stale: true }
  const found = await lookUp(ecr, inputs, tag, clock)
  if (found.usable) return found
  if (found.missingRepository)
    log.warning(
      `${found.missingRepository} The image is built all the same; push-ecr creates the repository with create-repository: true.`,
    )
  return found
}

function sayWhatItIs(inputs: Inputs, source: SourceKey, level: string, { log }: Deps): void {
  const migrations = inputs.migrationsPath ? `, schema level ${level}` : ''
  log.info(
    `Source key ${source.key}: ${source.files} files (${formatBytes(source.bytes)}) of ${path.relative(inputs.workspace, inputs.context) || '.'} for ${inputs.platforms.join(', ')}${migrations}.`,
  )
  if (source.unclear.length > 0)
    log.warning(
      `The ignore file has patterns that only the builder can read (${source.unclear.join(' ')}), so every file of the context counts for the source key, ignored or not. Write them without nested or starred [ ] classes.`,
    )
  for (const { name, content } of source.drifting)
    log.warning(
      `The build context "${name}" (${content}) is known by its name only: the source key does not change when its content does. Pin it by digest or commit, or bound the age by max-age.`,
    )
}
