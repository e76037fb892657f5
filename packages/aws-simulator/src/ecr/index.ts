import { accessDeniedByResource } from '../access.ts'
import type { Caller, ServiceHandlers, World } from '../world.ts'
import * as images from './images.ts'
import * as layers from './layers.ts'
import { policyOperations } from './policies.ts'
import { type PutImageInput, putImage } from './put-image.ts'
import { type EcrRegistries, type EcrRegistry, repositoryArn, repositoryOf } from './registries.ts'
import * as repositories from './repositories.ts'
import { describeFindings, scanOnPush, startScan } from './scans.ts'
import { seedImage } from './seed-image.ts'
import { issueToken } from './tokens.ts'

export interface EcrEndpoints {
  /** `http://127.0.0.1:PORT` of an account's registry in a region. */
  registryUrl(registry: EcrRegistry): Promise<string>
  downloadUrl(registry: EcrRegistry, digest: string): Promise<string>
}

export interface Named {
  registryId?: string
  repositoryName: string
}

/** Amazon ECR's API, on the same store as the registry's HTTP endpoint. */
export function ecrHandlers(world: World, registries: EcrRegistries, endpoints: EcrEndpoints): ServiceHandlers {
  const deviations = registries.options.ecr ?? {}
  const home = registries.of(world.accountId, world.region)

  /**
   * The registry a request means. Another account lets the caller in only where a repository of that name was
   * seeded.
   */
  function registryOf(
    operation: string,
    input: { registryId?: string; repositoryName?: string },
    caller: Caller,
  ): EcrRegistry {
    const registry = registries.of(input.registryId ?? world.accountId, world.region)
    const foreign = registry.accountId !== world.accountId
    if (foreign && input.repositoryName && !registry.core.repositories.has(input.repositoryName)) {
      throw accessDeniedByResource(`ecr:${operation}`, repositoryArn(registry, input.repositoryName), caller)
    }
    return registry
  }

  const onRepository =
    <I extends Named>(
      operation: string,
      action: (registry: EcrRegistry, repository: ReturnType<typeof repositoryOf>, input: I) => unknown,
    ) =>
    (input: I, caller: Caller) => {
      const registry = registryOf(operation, input, caller)
      return action(registry, repositoryOf(registry, input.repositoryName), input)
    }

  return {
    signingName: 'ecr',
    operations: {
      async GetAuthorizationToken(input: { registryIds?: string[] }) {
        const wanted = (input.registryIds ?? [world.accountId]).map((id) => registries.of(id, world.region))
        const authorizationData = wanted.map(async (registry) => ({
          ...issueToken(registries, registry, world.clock.now()),
          proxyEndpoint: await endpoints.registryUrl(registry),
        }))
        return { authorizationData: await Promise.all(authorizationData) }
      },
      CreateRepository(input: repositories.CreateRepositoryInput & { registryId?: string }, caller) {
        if (input.registryId && input.registryId !== world.accountId) registryOf('CreateRepository', input, caller)
        return { repository: repositories.describeRepository(home, repositories.createRepository(home, input)) }
      },
      DeleteRepository: onRepository('DeleteRepository', (registry, _repository, input) =>
        repositories.deleteRepository(registry, input),
      ),
      DescribeRepositories(input: { registryId?: string; repositoryNames?: string[] }, caller) {
        const registry = registryOf(
          'DescribeRepositories',
          { ...input, repositoryName: input.repositoryNames?.[0] },
          caller,
        )
        return repositories.describeRepositories(registry, input)
      },
      PutImageTagMutability: onRepository('PutImageTagMutability', (registry, _repository, input) =>
        repositories.putMutability(registry, input as never),
      ),
      PutImageScanningConfiguration: onRepository(
        'PutImageScanningConfiguration',
        (registry, repository, input: Named & { imageScanningConfiguration: { scanOnPush?: boolean } }) => {
          registry.settingsOf(repository).scanOnPush = input.imageScanningConfiguration.scanOnPush ?? false
          return {
            registryId: registry.accountId,
            repositoryName: repository.name,
            imageScanningConfiguration: { scanOnPush: input.imageScanningConfiguration.scanOnPush ?? false },
          }
        },
      ),
      PutImage: onRepository('PutImage', (registry, repository, input: Named & PutImageInput) => {
        const answer = putImage(registry, repository, input, deviations) as {
          image: { imageId: { imageDigest: string } }
        }
        scanOnPush(registry, repository, repository.manifests.get(answer.image.imageId.imageDigest)!)
        return answer
      }),
      BatchGetImage: onRepository(
        'BatchGetImage',
        (registry, repository, input: Named & { imageIds: images.ImageId[] }) =>
          images.batchGetImage(registry, repository, input, deviations),
      ),
      DescribeImages: onRepository(
        'DescribeImages',
        (registry, repository, input: Named & images.DescribeImagesInput) =>
          images.describeImages(registry, repository, input, deviations),
      ),
      ListImages: onRepository('ListImages', (registry, repository, input: Named & images.DescribeImagesInput) =>
        images.listImages(registry, repository, input),
      ),
      BatchDeleteImage: onRepository(
        'BatchDeleteImage',
        (_registry, repository, input: Named & { imageIds: images.ImageId[] }) =>
          images.batchDeleteImage(repository, input.imageIds),
      ),
      UpdateImageStorageClass: onRepository(
        'UpdateImageStorageClass',
        (
          registry,
          repository,
          input: Named & { imageId: images.ImageId; targetStorageClass: 'STANDARD' | 'ARCHIVE' },
        ) => {
          const manifest = images.imageOf(registry, repository, input.imageId)
          const state = registry.imageOf(manifest)
          const archive = input.targetStorageClass === 'ARCHIVE'
          Object.assign(
            state,
            archive ? { status: 'ARCHIVED', archivedAt: world.clock.now() } : { status: 'ACTIVATING' },
          )
          // Restoring takes its time: "within 20 minutes", says the user guide.
          if (!archive)
            world.clock.after(1200, () => Object.assign(state, { status: 'ACTIVE', activatedAt: world.clock.now() }))
          return {
            registryId: registry.accountId,
            repositoryName: repository.name,
            imageId: { imageDigest: manifest.digest, imageTag: input.imageId.imageTag },
            imageStatus: state.status,
          }
        },
      ),
      ListImageReferrers: onRepository(
        'ListImageReferrers',
        (registry, repository, input: Named & images.ReferrersInput) =>
          images.listImageReferrers(registry, repository, input),
      ),
      BatchCheckLayerAvailability: onRepository(
        'BatchCheckLayerAvailability',
        (_registry, repository, input: Named & { layerDigests: string[] }) =>
          layers.batchCheckLayers(repository, input.layerDigests),
      ),
      InitiateLayerUpload: onRepository('InitiateLayerUpload', layers.initiateUpload),
      UploadLayerPart: onRepository('UploadLayerPart', (registry, repository, input: Named & layers.LayerPartInput) =>
        layers.uploadPart(registry, repository, input),
      ),
      CompleteLayerUpload: onRepository(
        'CompleteLayerUpload',
        (registry, repository, input: Named & { uploadId: string; layerDigests: string[] }) =>
          layers.completeUpload(registry, repository, input, deviations),
      ),
      GetDownloadUrlForLayer: onRepository(
        'GetDownloadUrlForLayer',
        async (registry, repository, { layerDigest }: Named & { layerDigest: string }) => {
          layers.checkDownload(registry, repository, layerDigest, deviations)
          return { downloadUrl: await endpoints.downloadUrl(registry, layerDigest), layerDigest }
        },
      ),
      StartImageScan: onRepository(
        'StartImageScan',
        (registry, repository, input: Named & { imageId: images.ImageId }) =>
          startScan(registry, repository, input.imageId),
      ),
      DescribeImageScanFindings: onRepository(
        'DescribeImageScanFindings',
        (registry, repository, input: Named & { imageId: images.ImageId }) =>
          describeFindings(registry, repository, input, deviations),
      ),
      DescribeImageReplicationStatus: onRepository(
        'DescribeImageReplicationStatus',
        (registry, repository, input: Named & { imageId: images.ImageId }) => {
          const manifest = images.imageOf(registry, repository, input.imageId)
          return { repositoryName: repository.name, imageId: { imageDigest: manifest.digest }, replicationStatuses: [] }
        },
      ),
      ...policyOperations(home, onRepository),
    },
    seed(seed) {
      for (const { name, mutability, registryId, region } of seed.repositories ?? []) {
        const registry = registries.of(registryId ?? world.accountId, region ?? world.region)
        if (registry.core.repositories.has(name)) continue
        repositories.createRepository(registry, { repositoryName: name, imageTagMutability: mutability })
      }
      for (const image of seed.images ?? []) seedImage(home, image)
    },
    state: () =>
      registries.all().flatMap((registry) =>
        [...registry.core.repositories.values()].map((repository) => ({
          registryId: registry.accountId,
          region: registry.region,
          name: repository.name,
          tags: Object.fromEntries(repository.tags),
          images: [...repository.manifests.keys()],
        })),
      ),
  }
}
