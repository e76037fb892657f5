import {
  imageByDigest,
  imageByTag,
  imageName,
  imagePlatforms,
  parseImageRef,
  repositoryOf,
  unusableText,
} from '@deploy-actions/ecr'
import type { Deps } from '../../deps.ts'
import type { Inputs } from '../../inputs.ts'
import type { Wanted } from '../../revision/types.ts'
import type { Check } from './types.ts'

/** Whether every image is in ECR, can be pulled, and runs on the task's processor architecture. */
export async function checkImages(_: Inputs, wanted: Wanted[], deps: Deps): Promise<Check[]> {
  const needs = new Map<string, Set<string | undefined>>()
  for (const one of wanted)
    for (const { image } of one.definition.containerDefinitions ?? [])
      if (image) needs.set(image, (needs.get(image) ?? new Set()).add(platformOf(one)))
  const checks = await Promise.all([...needs].map(([image, platforms]) => checkImage(image, [...platforms], deps)))
  return checks.flat()
}

/**
 * What the task runs on. Undefined where the container instances decide: without runtimePlatform only Fargate has a
 * default (ECS API: RuntimePlatform).
 */
function platformOf({ definition, target: { service } }: Wanted): string | undefined {
  const { runtimePlatform, requiresCompatibilities = [] } = definition
  const providers = service.capacityProviderStrategy ?? []
  const fargate =
    service.launchType === 'FARGATE' ||
    (providers.length > 0
      ? providers.every(({ capacityProvider }) => /^FARGATE(_SPOT)?$/.test(capacityProvider ?? ''))
      : service.launchType === undefined && requiresCompatibilities.join() === 'FARGATE')
  if (!runtimePlatform?.cpuArchitecture && !fargate) return undefined
  const os = runtimePlatform?.operatingSystemFamily?.startsWith('WINDOWS') ? 'windows' : 'linux'
  return `${os}/${runtimePlatform?.cpuArchitecture === 'ARM64' ? 'arm64' : 'amd64'}`
}

async function checkImage(reference: string, platforms: (string | undefined)[], deps: Deps): Promise<Check[]> {
  const ref = parseImageRef(reference)
  if (ref?.kind !== 'ecr') return [{ level: 'unknown', text: `${reference} is not in ECR and was not looked up.` }]
  const repository = repositoryOf(ref)
  const ecr = await deps.clients.ecr(ref.region)
  const image = ref.digest
    ? await imageByDigest(ecr, repository, ref.digest)
    : await imageByTag(ecr, repository, ref.tag ?? 'latest')
  const name = imageName(ref)
  const problem = unusableText(ref, image)
  if (!image || problem) return problem ? [{ level: 'problem', text: problem }] : []
  return [checkPlatform(name, platforms, await imagePlatforms(ecr, repository, image))]
}

function checkPlatform(name: string, needs: (string | undefined)[], platforms: string[]): Check {
  if (platforms.length === 0) return { level: 'unknown', text: `Image ${name} is in ECR; it names no platform.` }
  const wanted = needs.filter((need) => need !== undefined)
  const missing = wanted.filter(
    (one) => !platforms.some((platform) => platform === one || platform.startsWith(`${one}/`)),
  )
  if (wanted.length < needs.length && missing.length === 0)
    return {
      level: 'unknown',
      text: `Image ${name} is in ECR, built for ${platforms.join(', ')}; whether the container instances can run that is not known, as the task definition has no runtimePlatform.`,
    }
  return missing.length === 0
    ? { level: 'ok', text: `Image ${name} is in ECR and runs on ${wanted.join(', ')}.` }
    : {
        level: 'problem',
        text: `Image ${name} is built for ${platforms.join(', ')}, the task runs on ${missing.join(', ')}: build it for that, or change runtimePlatform of the task definition.`,
      }
}
