import { imageName, imageText, pinned, repositoryOf } from '@deploy-actions/ecr'
import { familyRevision, imagesOf, type ReleaseImage } from '@deploy-actions/ecs'
import {
  askGate,
  type GateAnswer,
  type GateImage,
  type GatePurpose,
  goodReleases,
  type RecordState,
  readRecord,
  runName,
  schemaReader,
} from '@deploy-actions/release'
import type { Deps } from '../deps.ts'
import type { Inputs } from '../inputs.ts'
import { lookUpImage } from '../revision/ecr-lookup.ts'
import type { Wanted } from '../revision/types.ts'

/** What the record says now; undefined where there is none yet. */
export async function stateNow({ release }: Inputs, { clients }: Deps): Promise<RecordState | undefined> {
  return (await readRecord(await clients.ssm(), release!))?.state
}

/** Which release it is, for the gate. */
export function asking({ github, clock }: Deps) {
  return { commit: github.sha || undefined, run: runName(github), now: clock.now() }
}

/** Asks the gate about what is to be deployed. `images`: see `gateImages`. */
export function askFor(
  purpose: GatePurpose,
  state: RecordState | undefined,
  images: GateImage[],
  { acrossSchema }: Inputs,
  deps: Deps,
): Promise<GateAnswer> {
  return askGate({ ...asking(deps), state, purpose, images, runOrder: deps.order, acrossSchema })
}

/** Every image that the release may be about, whether ECR knows it or not. */
export async function gateImages(wanted: Wanted[], deps: Deps): Promise<GateImage[]> {
  return distinct(await Promise.all(wanted.flatMap(({ image }) => readable(image, undefined, deps))))
}

/** The same images as far as they are known without asking ECR. */
export function knownImages(wanted: Wanted[]): GateImage[] {
  return wanted.flatMap(({ image }) =>
    imagesOf(image).map((one) => ({ name: imageText(one), digest: one.digest, read: undefined })),
  )
}

/** What served before, and would serve again after an undo. */
export async function imagesBefore(wanted: Wanted[], state: RecordState, deps: Deps): Promise<GateImage[]> {
  const [newest] = goodReleases(state)
  const images = wanted.flatMap(({ target, imageBefore }) => {
    const recorded = newest?.services[target.name] === familyRevision(target.runs) ? newest?.digest : undefined
    const unknown = { name: `the present release of ${target.name}`, digest: undefined, read: undefined }
    const found = readable(imageBefore, { digest: recorded }, deps)
    return found.length > 0 ? found : [Promise.resolve<GateImage>(unknown)]
  })
  return distinct(await Promise.all(images))
}

/**
 * A tag is looked up, unless the record knows the digest. Where several containers are released, nothing says whose
 * schema is meant.
 */
function readable(release: ReleaseImage, recorded: { digest: string | undefined } | undefined, deps: Deps) {
  return imagesOf(release).map(async (image): Promise<GateImage> => {
    const unread = { name: imageText(image), digest: image.digest, read: undefined }
    if (release.kind !== 'one' || image.kind === 'foreign') return unread
    const digest = image.digest ?? (recorded ? recorded.digest : (await lookUpImage(deps.clients, image))?.digest)
    if (digest === undefined) return unread
    const read = schemaReader(await deps.clients.ecr(image.region), repositoryOf(image))
    return { name: imageName(pinned(image, digest)), digest, read }
  })
}

function distinct(images: GateImage[]): GateImage[] {
  return [...new Map(images.map((image) => [image.digest ?? image.name, image])).values()]
}
