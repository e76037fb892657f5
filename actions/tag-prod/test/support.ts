import { fileURLToPath } from 'node:url'
import { type Scenario, startSimulator } from '@deploy-actions/aws-simulator'
import { type ActionRun, type NodeActionOptions, runNodeAction } from '@deploy-actions/workflow-runner'
import { BatchGetImageCommand, ECRClient } from '../../../packages/ecr/test/support/ecr-api.ts'

const action = fileURLToPath(new URL('..', import.meta.url))

/** A simulator with images to promote, and the action as a process beside it. */
export async function stage(scenario: Scenario = {}) {
  const simulator = await startSimulator({
    speed: 20,
    scenario: {
      ...scenario,
      seed: {
        repositories: [
          { name: 'shop/api' },
          { name: 'shop/other' },
          { name: 'frozen', mutability: 'IMMUTABLE' },
          { name: 'shop/api', registryId: '210987654321' },
          { name: 'shop/api', region: 'us-east-1' },
        ],
      },
    },
  })
  const client = (region: string) =>
    new ECRClient({
      region,
      endpoint: simulator.url,
      credentials: { accessKeyId: 'ASIATEST000000000000', secretAccessKey: 'test', sessionToken: 'test' },
      maxAttempts: 1,
    })
  const ecr = client('eu-central-1')

  return {
    simulator,
    ecr,
    run: (inputs: Record<string, string>, options: Partial<NodeActionOptions> = {}): Promise<ActionRun> =>
      runNodeAction({
        action,
        inputs: { repository: 'shop/api', ...inputs },
        time: simulator.time,
        ...options,
        env: { ...simulator.env, ...options.env },
      }),
    image: (content: string, tags: string[] = [], repository = 'shop/api') =>
      simulator.addImage({ repository, tags, content }),
    index: (content: string, tags: string[] = []) =>
      simulator.addImage({ repository: 'shop/api', tags, content, platforms: ['linux/amd64', 'linux/arm64'] }),
    /** Digest and exact bytes behind a tag. */
    async stored(imageTag: string, where: { repository?: string; registryId?: string; region?: string } = {}) {
      const { repository = 'shop/api', registryId, region = 'eu-central-1' } = where
      const asking = client(region)
      const { images } = await asking.send(
        new BatchGetImageCommand({
          repositoryName: repository,
          registryId,
          imageIds: [{ imageTag }],
          acceptedMediaTypes: [
            'application/vnd.oci.image.manifest.v1+json',
            'application/vnd.oci.image.index.v1+json',
            'application/vnd.docker.distribution.manifest.v2+json',
          ],
        }),
      )
      asking.destroy()
      const [image] = images ?? []
      return (
        image && {
          digest: image.imageId!.imageDigest!,
          manifest: image.imageManifest!,
          type: image.imageManifestMediaType!,
        }
      )
    },
    async close() {
      ecr.destroy()
      await simulator.close()
    },
  }
}

export type Stage = Awaited<ReturnType<typeof stage>>

export const errorOf = (run: ActionRun) =>
  run.annotations.filter(({ level }) => level === 'error').map(({ message }) => message)
