import { markdownDigests, markdownTable, type Summary, summaryHeading } from '@deploy-actions/action-kit'
import { type EcrImage, type EcrManifest, shortDigest } from '@deploy-actions/ecr'
import { type Inputs, previousSuffix } from './inputs.ts'
import type { Promotion } from './promote.ts'

/** The step's part of the job summary: every tag, before and after. */
export function summarise(
  summary: Summary,
  { to, tags }: Inputs,
  image: EcrImage,
  { moved, kept }: Promotion,
  before: Map<string, EcrManifest>,
): void {
  const code = (digest: string | undefined) => (digest ? `\`${shortDigest(digest)}\`` : 'none')
  const rows = tags.map((tag) => {
    const isMoved = moved.some((change) => change.tag === tag)
    const isKept = kept.some((change) => change.tag === `${tag}${previousSuffix}`)
    return [
      `\`${tag}\``,
      code(before.get(tag)?.digest),
      isMoved ? code(image.digest) : 'unchanged',
      isKept ? `\`${tag}${previousSuffix}\`` : '',
    ]
  })
  summary.add(summaryHeading(`Promotion in \`${to.repository.name}\``, moved.length > 0 ? 'done' : 'unchanged'))
  summary.add(markdownTable(['Tag', 'Before', 'Now', 'Before is kept as'], rows))
  summary.add(markdownDigests([image.digest, ...[...before.values()].map(({ digest }) => digest)]))
}
