import { rm } from 'node:fs/promises'
import path from 'node:path'
import { type ActionResult, formatDuration, toolEnvironment } from '@deploy-actions/action-kit'
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
  const source = await sourceKey(inputs, deps)
  sayWhatItIs(inputs, source, level, deps)
  const outputs = { 'source-key': source.key, 'schema-level': level }

  const found = await lookUp(deps.ecr, inputs, source.key, deps.clock)
  if (found.usable) {
    sayReuse(inputs, found, deps)
    reportReuse(summary, inputs, found.tag, found.digest, found.ageMs)
    return { outputs: { ...outputs, 'image-tag': found.tag, built: false, digest: found.digest, 'oci-layout': '' } }
  }
  if (found.missingRepository)
    log.warning(
      `${found.missingRepository} The image is built all the same; push-ecr creates the repository with create-repository: true.`,
    )
  if (inputs.lookupOnly) {
    log.info(`To be built: ${found.why}.`)
    return { outputs: { ...outputs, 'image-tag': found.tag, built: false, digest: '', 'oci-layout': '' } }
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
  const options = { cwd: inputs.workspace, env: toolEnvironment(deps.env), signal: deps.cancelled }
  const builder = await findBuilder(inputs.builder, options)
  const layout = inputs.output ?? path.join(deps.github.temp, 'build-image', found.tag)
  await rm(layout, { recursive: true, force: true })
  const built = await build(
    inputs,
    {
      dockerfile: source.dockerfile,
      labels: imageLabels(
        deps.github,
        inputs.migrationsPath ? migrations : undefined,
        created,
        source.key,
        inputs.labels,
      ),
      sourceDateEpoch: epoch,
      fresh: found.stale !== undefined || inputs.rebuild,
      tag: found.tag,
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
  // The same image once more keeps its tag: tags of one image are limited in number.
  const imageTag = found.stale?.digest === image.digest ? found.stale.tag : found.tag
  reportBuild(summary, inputs, imageTag, source, image, built.steps, duration)
  return { outputs: { ...outputs, 'image-tag': imageTag, built: true, digest: image.digest, 'oci-layout': layout } }
}

function sayReuse(inputs: Inputs, found: Extract<Lookup, { usable: true }>, { log }: Deps): void {
  const age = found.ageMs === undefined ? '' : `, pushed ${formatDuration(found.ageMs)} ago`
  log.info(
    `ECR has it: ${inputs.repository.name}:${found.tag} is ${shortDigest(found.digest)}${age}. Nothing to build.`,
  )
  if (inputs.rebuild)
    log.warning(
      'rebuild is left aside: what was tested is promoted as it is. To build again, run this for the environment in which images are tested.',
    )
  if (found.overdue)
    log.warning(
      `The image is older than max-age (${formatDuration(inputs.maxAgeMs!)})${age}, and ships all the same, since it is what was tested. The next run for the environment in which images are tested builds it again.`,
    )
}

function sayWhatItIs(inputs: Inputs, source: SourceKey, level: string, { log }: Deps): void {
  const migrations = inputs.migrationsPath ? `, schema level ${level}` : ''
  log.info(
    `Source key ${source.key}: ${source.files} files (${formatBytes(source.bytes)}) of ${path.relative(inputs.workspace, inputs.context) || '.'} for ${inputs.platforms.join(', ')}${migrations}.`,
  )
  if (source.surroundings.proxies) log.info("The proxies of Docker's configuration reach the build and are in the key.")
  if (source.surroundings.sourceDateEpoch !== undefined)
    log.warning(
      'The Dockerfile names SOURCE_DATE_EPOCH, the time of the commit, so each commit is a source of its own and its image is built anew. To reuse images, give it a fixed value in build-args, such as SOURCE_DATE_EPOCH=0.',
    )
  for (const { folder, ignoreFile } of source.gitFolders)
    log.warning(
      `The build context sends ${folder}, which differs in every commit and every checkout: no image is ever found again, and a promotion builds anew what was tested. Add the line "${folder}" to ${path.relative(inputs.workspace, ignoreFile)}.`,
    )
  if (source.unclear.length > 0)
    log.warning(
      `The ignore file has patterns that only the builder can read (${source.unclear.join(' ')}), so every file of the context counts for the source key, ignored or not. Write them in UTF-8, without nested or starred [ ] classes.`,
    )
  for (const { name, content } of source.drifting)
    log.warning(
      `The build context "${name}" (${content}) is known by its name only: the source key does not change when its content does. Pin it by digest or commit, or bound the age by max-age.`,
    )
}
