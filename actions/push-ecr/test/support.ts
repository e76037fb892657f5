import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Scenario, type Simulator, startSimulator } from '@deploy-actions/aws-simulator'
import { type ActionRun, type NodeActionOptions, runNodeAction } from '@deploy-actions/workflow-runner'
import {
  BatchGetImageCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
} from '../../../packages/ecr/test/support/ecr-api.ts'
import { Content, sha256, writeFiles } from '../../../packages/ecr/test/support/images.ts'

export { Content, sha256, writeFiles }

export const commit = '0123456789abcdef0123456789abcdef01234567'
export const commitTag = `sha-${commit}`
const action = fileURLToPath(new URL('..', import.meta.url))

/** A simulator, a folder for images, and the action as a process between them. */
export async function stage(scenario: Scenario = {}) {
  const simulator = await startSimulator({
    speed: 60,
    scenario: { ...scenario, seed: { repositories: [{ name: 'shop/api' }], ...scenario.seed } },
  })
  const folder = mkdtempSync(path.join(tmpdir(), 'push-ecr-'))
  const ecr = new ECRClient({
    region: 'eu-central-1',
    endpoint: simulator.url,
    credentials: { accessKeyId: 'ASIATEST000000000000', secretAccessKey: 'test', sessionToken: 'test' },
    maxAttempts: 1,
  })

  return {
    simulator,
    folder,
    ecr,
    run: (inputs: Record<string, string>, options: Partial<NodeActionOptions> = {}): Promise<ActionRun> =>
      runNodeAction({
        action,
        inputs: { repository: 'shop/api', ...inputs },
        time: simulator.time,
        ...options,
        env: { ...simulator.env, ...options.env },
      }),
    layout: (name: string, content: Content, ...roots: Parameters<Content['layoutFiles']>) =>
      writeFiles(path.join(folder, name), content.layoutFiles(...roots)),
    /** A small image with two layers, as a layout. */
    async image(text = 'one') {
      const content = new Content()
      const root = await content.image(['base', text])
      return {
        content,
        root,
        layout: writeFiles(path.join(folder, sha256(text).slice(7, 15)), content.layoutFiles(root)),
      }
    },
    /** What a tag points at, with the bytes that ECR would hand out. */
    async stored(tag: string, repositoryName = 'shop/api') {
      const { images } = await ecr.send(
        new BatchGetImageCommand({
          repositoryName,
          imageIds: [{ imageTag: tag }],
          acceptedMediaTypes: [
            'application/vnd.docker.distribution.manifest.v2+json',
            'application/vnd.oci.image.manifest.v1+json',
            'application/vnd.oci.image.index.v1+json',
          ],
        }),
      )
      return images?.[0] && { digest: images[0].imageId!.imageDigest!, manifest: images[0].imageManifest! }
    },
    async token() {
      const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}))
      return authorizationData![0]!.authorizationToken!
    },
    async close() {
      ecr.destroy()
      rmSync(folder, { recursive: true, force: true })
      await simulator.close()
    },
  }
}

export type Stage = Awaited<ReturnType<typeof stage>>

/** Requests of the action so far, as `service:Operation`, without those of the test itself. */
export function requests(simulator: Simulator, from = 0): string[] {
  return simulator.calls.slice(from).map(({ service, operation }) => `${service}:${operation}`)
}

/** The bodies of blobs that went out. */
export function uploads(simulator: Simulator, from = 0): string[] {
  return requests(simulator, from).filter((call) => /registry:(POST|PUT|PATCH) .*\/blobs\/uploads\//.test(call))
}

export const errorOf = (run: ActionRun) =>
  run.annotations.filter(({ level }) => level === 'error').map(({ message }) => message)

/** Text that does not compress, always the same. */
export function noise(length: number): string {
  const bytes = Buffer.alloc(length)
  let state = 1
  for (let at = 0; at < length; at++) {
    state = (state * 48271) % 2147483647
    bytes[at] = state % 256
  }
  return bytes.toString('latin1')
}
