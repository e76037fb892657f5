import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { systemClock } from '@deploy-actions/action-kit'
import { openOciLayout, openRegistry, pushImage, registryAccess } from '@deploy-actions/ecr'
import { Content, writeFiles } from '../../../packages/ecr/test/support/images.ts'
import { memoryLog } from '../../../packages/ecr/test/support/log.ts'
import { errorOf, type Stage, stage } from './support.ts'

let on: Stage
let folder: string
beforeEach(async () => {
  on = await stage()
  folder = mkdtempSync(path.join(tmpdir(), 'referrers-'))
})
afterEach(async () => {
  await on.close()
  rmSync(folder, { recursive: true })
})

/** Pushes what a layout holds, as another tool would have. */
async function push(content: Content, root: ReturnType<Content['add']>, tags: string[] = []) {
  const access = await registryAccess(on.ecr, { region: 'eu-central-1' })
  const registry = openRegistry(access, { clock: systemClock, log: memoryLog() })
  const source = await openOciLayout(writeFiles(path.join(folder, root.digest.slice(7)), content.layoutFiles(root)))
  await pushImage(source, registry, 'shop/api', tags)
  registry.close()
  return root.digest
}

/**
 * What an image is signed with: an artifact that names it as its subject, or, as cosign did before, a tag made of its
 * digest.
 */
const signature = (content: Content, subject: ReturnType<Content['add']>) => content.attestation(subject)

test('signatures and SBOMs go where the image goes, with those of its platforms, and their own', async () => {
  const content = new Content()
  const amd64 = await content.image(['one'], { platform: 'linux/amd64' })
  const root = content.index([amd64, content.attestation(amd64)])
  await push(content, root, ['v1'])
  const signed = signature(content, root)
  const signedTwice = signature(content, signed)
  const sbom = content.json(
    { ...JSON.parse(content.bytes(signature(content, amd64)).toString()), artifactType: 'application/spdx+json' },
    signed.mediaType,
  )
  for (const referrer of [signed, signedTwice, sbom]) await push(content, referrer)
  const cosign = await content.image(['a signature of cosign'])
  const tag = `${root.digest.replace(':', '-')}.sig`
  await push(content, cosign, [tag])

  const run = await on.run({ source: root.digest, 'target-repository': 'shop/other' })
  expect(errorOf(run)).toEqual([])
  expect(run.annotations).toEqual([])
  expect((await on.stored('prod', { repository: 'shop/other' }))?.digest).toBe(root.digest)
  expect((await on.stored(tag, { repository: 'shop/other' }))?.digest).toBe(cosign.digest)
  const copied = on.simulator.calls
    .map(({ operation }) => operation.match(/^PUT \/v2\/shop\/other\/manifests\/(.*)$/)?.[1])
    .filter(Boolean)
  for (const { digest } of [signed, signedTwice, sbom]) expect(copied).toContain(digest)
  expect(run.log).toMatch(/Copied along, as they refer to the image: .*sha256-\w+\.sig/)

  const sent = on.simulator.calls.length
  await on.run({ source: root.digest, 'target-repository': 'shop/other', tags: 'again' })
  expect(on.simulator.calls.slice(sent).filter(({ operation }) => operation.startsWith('PUT '))).toEqual([])
})

test('that there are none is said', async () => {
  const digest = on.image('plain', ['v1'])
  const run = await on.run({ source: digest, 'target-repository': 'shop/other' })
  expect(errorOf(run)).toEqual([])
  expect(run.log).toContain('No signature, SBOM or attestation refers to the image.')
})

test('what could not be looked for is a warning, and the promotion goes on', async () => {
  const digest = on.image('plain', ['v1'])
  on.simulator.addFaults({
    service: 'registry',
    operation: 'GET /v2/*/referrers/*',
    effect: { kind: 'error', name: 'DENIED', status: 403 },
  })
  const run = await on.run({ source: digest, 'target-repository': 'shop/other' })
  expect(errorOf(run)).toEqual([])
  expect(run.annotations[0]).toMatchObject({ level: 'warning' })
  expect(run.annotations[0]!.message).toContain('was not copied to shop/other')
  expect((await on.stored('prod', { repository: 'shop/other' }))?.digest).toBe(digest)
})
