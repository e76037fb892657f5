import type { Ecs, TaskState } from '../types.ts'

/** `host/repo:tag` pinned to a digest: `host/repo@sha256:…`. A reference that names a digest stays as it is. */
export function pinned(image: string, digest: string | undefined): string {
  if (!digest || image.includes('@')) return image
  const name = image.lastIndexOf('/') + 1
  const colon = image.indexOf(':', name)
  return `${colon < 0 ? image : image.slice(0, colon)}@${digest}`
}

/** What the registry has for a container of this task: the digest its service revision recorded, or what its reference says now. */
export function resolveImage(ecs: Ecs, image: string, recorded: string | undefined) {
  return ecs.world.images.resolve(pinned(image, recorded))
}

/**
 * Pulls every container's image. Returns the reason why one cannot be pulled (ECS guide: "CannotPullContainer task errors"),
 * or undefined when all are there; then every container has its imageDigest.
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
    container.imageDigest = found.digest
  }
  return undefined
}
