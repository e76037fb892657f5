import type { Ecs, TaskState } from '../types.ts'

/** `host/repo:tag` pinned to a digest: `host/repo@sha256:…`. A reference that names a digest stays as it is. */
export function pinned(image: string, digest: string | undefined): string {
  if (!digest || image.includes('@')) return image
  const name = image.lastIndexOf('/') + 1
  const colon = image.indexOf(':', name)
  return `${colon < 0 ? image : image.slice(0, colon)}@${digest}`
}

/**
 * What the registry has for a container of this task: the digest its service revision recorded, or what its
 * reference says now.
 */
export function resolveImage(ecs: Ecs, image: string, recorded: string | undefined) {
  const reference = pinned(image, recorded)
  const found = ecs.world.images.resolve(reference)
  // What is pulled by digest has that digest, whoever's registry it is.
  return found && { ...found, digest: /@(sha256:[0-9a-f]{64})$/.exec(reference)?.[1] ?? found.digest }
}

/**
 * Pulls every container's image. Returns the reason why one cannot be pulled (ECS guide: "CannotPullContainer task
 * errors"), or undefined when all are there; then every container has its imageDigest.
 */
export function pullImages(ecs: Ecs, task: TaskState): string | undefined {
  for (const container of task.containers) {
    const recorded = task.deployment?.revision.digests.get(container.name)
    const found = resolveImage(ecs, container.image, recorded)
    if (!found) {
      const reference = pinned(container.image, recorded)
      const reason = `CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref ${reference}: ${reference}: not found`
      container.reason = reason
      return reason
    }
    container.pulledDigest = found.digest
    container.imageDigest =
      ecs.options.imageDigest === 'platform' ? (found.platformDigest ?? found.digest) : found.digest
  }
  return undefined
}
