import {
  type EcrImage,
  imageByDigest,
  imageByTag,
  imagePlatforms,
  parseImageReference,
  shortDigest,
} from '@deploy-actions/ecr'
import type { Deps } from '../deps.ts'
import { ecrOf } from '../images.ts'
import type { Inputs } from '../inputs.ts'
import type { Wanted } from '../revisions.ts'
import type { Check } from './all.ts'

/** Whether every image is in ECR, can be pulled, and runs on the task's processor architecture. */
export async function checkImages(_: Inputs, wanted: Wanted[], deps: Deps): Promise<Check[]> {
  const needs = new Map<string, Set<string>>()
  for (const { definition } of wanted)
    for (const { image } of definition.containerDefinitions ?? [])
      if (image) needs.set(image, (needs.get(image) ?? new Set()).add(platformOf(definition)))
  const checks = await Promise.all([...needs].map(([image, platforms]) => checkImage(image, [...platforms], deps)))
  return checks.flat()
}

function platformOf({ runtimePlatform }: Wanted['definition']): string {
  const os = runtimePlatform?.operatingSystemFamily?.startsWith('WINDOWS') ? 'windows' : 'linux'
  return `${os}/${runtimePlatform?.cpuArchitecture === 'ARM64' ? 'arm64' : 'amd64'}`
}

async function checkImage(reference: string, platforms: string[], deps: Deps): Promise<Check[]> {
  const parsed = parseImageReference(reference)
  const location = parsed && ecrOf(parsed.host)
  if (!parsed || !location) return [{ level: 'unknown', text: `${reference} is not in ECR and was not looked up.` }]
  const repository = { name: parsed.repository, registryId: location.registryId }
  const ecr = await deps.clients.ecr()
  const image = parsed.digest
    ? await imageByDigest(ecr, repository, parsed.digest)
    : await imageByTag(ecr, repository, parsed.tag ?? 'latest')
  const name = `${parsed.repository}${parsed.digest ? `@${shortDigest(parsed.digest)}` : `:${parsed.tag ?? 'latest'}`}`
  if (!image) return [{ level: 'problem', text: `Image ${name} is not in ECR (${location.region}).` }]
  if (image.status !== 'ACTIVE')
    return [
      { level: 'problem', text: `Image ${name} is ${image.status} in ECR and cannot be pulled; restore it first.` },
    ]
  return [await checkPlatform(name, image, platforms, deps, repository)]
}

async function checkPlatform(
  name: string,
  image: EcrImage,
  wanted: string[],
  deps: Deps,
  repository: { name: string; registryId: string },
): Promise<Check> {
  const platforms = await imagePlatforms(await deps.clients.ecr(), repository, image)
  if (platforms.length === 0) return { level: 'unknown', text: `Image ${name} is in ECR; it names no platform.` }
  const missing = wanted.filter(
    (one) => !platforms.some((platform) => platform === one || platform.startsWith(`${one}/`)),
  )
  return missing.length === 0
    ? { level: 'ok', text: `Image ${name} is in ECR and runs on ${wanted.join(', ')}.` }
    : {
        level: 'problem',
        text: `Image ${name} is built for ${platforms.join(', ')}, the task runs on ${missing.join(', ')}: build it for that, or change runtimePlatform of the task definition.`,
      }
}
