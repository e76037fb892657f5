import { isUserError } from '@deploy-actions/action-kit'
import { isAttestation, type Manifest } from './manifest.ts'
import { pushImage } from './push.ts'
import { type Referrer, referrersOf } from './registry/referrers.ts'
import type { Registry } from './registry/registry.ts'
import { openRegistryImage } from './sources/registry.ts'

export interface Place {
  registry: Registry
  repository: string
}

export interface CopiedReferrers {
  copied: Referrer[]
  /** What could not be looked for or copied, and why. */
  failures: string[]
}

/**
 * Takes along what belongs to an image that was copied: whatever refers to it, to the images of an index, and to
 * those referrers in turn, digests unchanged. What the registry refuses is told in `failures`; other errors are
 * thrown.
 */
export async function copyReferrers(image: Manifest, from: Place, to: Place): Promise<CopiedReferrers> {
  const result: CopiedReferrers = { copied: [], failures: [] }
  const children = image.manifests.filter((child) => !isAttestation(child))
  const subjects = [image.digest, ...children.map(({ digest }) => digest)]
  const known = new Set(subjects)
  const orTell = (error: unknown) => {
    if (!isUserError(error)) throw error
    result.failures.push(error.message)
  }
  // Grows while it is walked: a signature may itself be signed.
  for (const subject of subjects) {
    const referrers = await referrersOf(from.registry, from.repository, subject).catch(orTell)
    for (const referrer of referrers ?? []) {
      if (known.has(referrer.digest)) continue
      known.add(referrer.digest)
      subjects.push(referrer.digest)
      const copy = async () => {
        const source = await openRegistryImage(from.registry, from.repository, referrer.digest)
        await pushImage(source, to.registry, to.repository, referrer.tag ? [referrer.tag] : [])
        result.copied.push(referrer)
      }
      await copy().catch(orTell)
    }
  }
  return result
}
