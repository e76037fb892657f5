import { type Log, markdownText } from '@deploy-actions/action-kit'
import type { Commit, Comparison, NoComparison } from '@deploy-actions/action-kit/github'

/** The outputs that a notification takes. Empty where nothing is known. */
export function outgoingOutputs(outgoing: Comparison | NoComparison): {
  commits: string
  'compare-url': string | undefined
} {
  return { commits: outgoing.kind === 'compared' ? commitLines(outgoing).join('\n') : '', 'compare-url': outgoing.url }
}

/** Tells the log what goes out, folded under one heading; one line where it is not known. */
export async function sayWhatGoesOut(log: Log, outgoing: Comparison | NoComparison): Promise<void> {
  const { url } = outgoing
  if (outgoing.kind === 'not-compared')
    return log.info(`What goes out is not listed: ${outgoing.why}.${url ? ` It can be seen at ${url}` : ''}`)
  await log.group(`What goes out: ${headline(outgoing)}`, () => {
    for (const line of [...commitLines(outgoing), outgoing.url]) log.info(line)
  })
}

/** The same for the job summary. */
export function whatGoesOutMarkdown(outgoing: Comparison | NoComparison): string {
  const { url } = outgoing
  if (outgoing.kind === 'not-compared') return url ? `[What goes out](${url})` : ''
  const repository = outgoing.url.slice(0, outgoing.url.indexOf('/compare/'))
  const numbers = [...new Set(outgoing.commits.flatMap(({ pullRequests }) => pullRequests))]
  const authors = [...new Set(outgoing.commits.map(({ author }) => author))]
  const facts = [
    `**What goes out:** [${headline(outgoing)}](${url})`,
    ...(authors.length > 0 ? [`by ${authors.map(markdownText).join(', ')}`] : []),
    ...(numbers.length > 0
      ? [`in ${numbers.map((number) => `[#${number}](${repository}/pull/${number})`).join(', ')}`]
      : []),
  ]
  const items = outgoing.commits.map(
    ({ sha, subject, author }) =>
      `- [\`${sha.slice(0, 7)}\`](${repository}/commit/${sha}) ${markdownText(subject)} (${markdownText(author)})`,
  )
  const hidden = notShown(outgoing)
  if (hidden > 0) items.push(`- [and ${hidden} more](${url})`)
  return [facts.join(' '), items.join('\n')].filter(Boolean).join('\n\n')
}

function headline({ relation, ahead, behind }: Comparison): string {
  if (relation === 'identical') return 'the commit that serves already'
  if (relation === 'behind') return `nothing new; this release is behind what serves and takes ${commits(behind)} back`
  return relation === 'ahead'
    ? commits(ahead)
    : `${commits(ahead)}; ${commits(behind)} that serve now are not in this release`
}

function commitLines(outgoing: Comparison): string[] {
  const lines = outgoing.commits.map(commitLine)
  const hidden = notShown(outgoing)
  return hidden > 0 ? [...lines, `and ${hidden} more`] : lines
}

function commitLine({ sha, subject, author }: Commit): string {
  return `${sha.slice(0, 7)} ${subject} (${author})`
}

function notShown({ ahead, commits: shown }: Comparison): number {
  return ahead - shown.length
}

function commits(number: number): string {
  return number === 1 ? '1 commit' : `${number} commits`
}
