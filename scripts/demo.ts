import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { raiseStage, type Shown } from './demo/stage.ts'
import { type Chapter, type Memory, story } from './demo/story.ts'
import { table } from './demo/table.ts'
import { root } from './lib/repository.ts'
import { turbo } from './lib/turbo.ts'

// The main job, on a stage: the real workflows with the bundled actions, a simulator instead of AWS, a runner instead of GitHub's.
// Every chapter states what must be true after it, asked from AWS's APIs. Exit code 0 only if all of it is.
const bold = (text: string) => (process.stdout.isTTY ? `\x1b[1m${text}\x1b[0m` : text)

console.log('Bundling the actions …')
if (turbo('build', ['--output-logs=errors-only']) !== 0) process.exit(1)

const stage = await raiseStage()
const stopped = new AbortController()
process.once('SIGINT', () => stopped.abort())
const memory: Memory = {}
const played: { chapter: Chapter; shown: Shown; problems: string[] }[] = []
console.log(`AWS is simulated at ${stage.simulator.url}, 60 times as fast as the real one.\n${stage.builder}`)

for (const [index, chapter] of story.entries()) {
  console.log(`\n${bold(`── ${index + 1}. ${chapter.title}`)}\n`)
  chapter.prepare?.(stage.consumer)
  memory.record = (await stage.truth.record(chapter.environment)) ?? ''
  const shown = await stage.play(chapter, memory, {
    write: (text) => process.stdout.write(text),
    signal: stopped.signal,
  })
  const problems = [
    ...(shown.conclusion === chapter.expected
      ? []
      : [`the run ended with ${shown.conclusion}, not ${chapter.expected}`]),
    ...(await chapter.verify(shown, stage.truth, memory)),
    ...misspelt(stage.simulator.calls),
  ]
  for (const problem of problems) console.log(`\n  ✗ ${problem}`)
  played.push({ chapter, shown, problems })
  // What comes next builds on this one; going on would only bury the cause.
  if (problems.length > 0) break
}

mkdirSync(path.join(root, '.demo'), { recursive: true })
writeFileSync(path.join(root, '.demo/report.json'), `${JSON.stringify({ runs: played.map(reported) }, null, 2)}\n`)

console.log(`\n${table(played)}\n`)
console.log('The whole story in numbers: .demo/report.json')
await stage.close()
const failed = story.length - played.filter(({ problems }) => problems.length === 0).length
console.log(`${story.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

function reported({ chapter, shown, problems }: (typeof played)[number]) {
  const { workflow, event, ref, environment, expected } = chapter
  const { conclusion, seconds, digest, verdict, schemaLevel, apiCalls } = shown
  return {
    title: chapter.title,
    workflow,
    event,
    ref,
    environment,
    expected,
    conclusion,
    seconds,
    digest,
    verdict,
    schemaLevel,
    apiCalls,
    problems,
  }
}

/** Members that AWS would ignore are nearly always ours misspelt. */
function misspelt(calls: { service: string; operation: string; warnings: string[] }[]): string[] {
  return [
    ...new Set(
      calls.flatMap((call) => call.warnings.map((warning) => `${call.service}:${call.operation}: ${warning}`)),
    ),
  ]
}
