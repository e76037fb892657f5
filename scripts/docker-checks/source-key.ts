import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { contextEntries } from '../../actions/build-image/src/source-key/context-files.ts'
import { nameOnDisk } from '../../actions/build-image/src/source-key/file-names.ts'
import { parseIgnoreFile } from '../../actions/build-image/src/source-key/ignore-file.ts'
import { ignoreMatcher } from '../../actions/build-image/src/source-key/ignore-matcher.ts'
import { startBuildKit } from './buildkit.ts'
import { assert, check, finish } from './harness.ts'
import { judgePairs, tallyText } from './judge-pairs.ts'
import { allPairs } from './pairs.ts'
import { randomIgnoreFile, randomTree, seeded } from './random-trees.ts'

// Whether the source key sees what BuildKit sees, asked of BuildKit's own Go packages: `node source-key.ts PROGRAM [SEED]`.
const [program = '', seed = '20250601'] = process.argv.slice(2)
const buildKit = startBuildKit(program)
const work = mkdtempSync(path.join(tmpdir(), 'source-key-'))
const trees = 100
const ignoreFiles = 100

await check(`${allPairs.length} pairs of contexts: what differs to BuildKit has another key`, false, async () => {
  const tally = await judgePairs(allPairs, work, async ({ context, dockerfile, buildContexts }) => {
    const answer = await buildKit.ask({ context, ...(dockerfile && { dockerfile }), named: buildContexts })
    return answer.error ? undefined : answer.view
  })
  console.log(tallyText(tally))
  assert.deepEqual(tally.falseHits, [])
  assert.ok(tally.pairs >= 100)
})

await check(
  `${trees * ignoreFiles} random ignore files leave out what BuildKit's matcher leaves out (seed ${seed})`,
  false,
  async () => {
    const random = seeded(Number(seed))
    let [refused, unclear] = [0, 0]
    for (let tree = 0; tree < trees; tree++) {
      const root = randomTree(path.join(work, 'walk'), random)
      const ignores = Array.from({ length: ignoreFiles }, () => randomIgnoreFile(random))
      const answers = await Promise.all(ignores.map((ignore) => buildKit.ask({ root, ignore })))
      for (const [index, ignore] of ignores.entries()) {
        const { error, entries } = answers[index]!
        const rules = parseIgnoreFile(ignore)
        // What the builder refuses is built by nobody.
        if (error) refused++
        else if (ignoreMatcher(rules).unclear.length > 0) unclear++
        else {
          const ours = contextEntries(root, rules).map(({ path, link = '' }) => [hex(path), hex(link)])
          const theirs = entries.map(({ path, link }) => [path, link])
          assert.deepEqual(ours, theirs, JSON.stringify(ignore))
        }
      }
    }
    const total = trees * ignoreFiles
    console.log(
      `  ${total - refused - unclear} alike, ${unclear} unclear (all files count), ${refused} refused by BuildKit`,
    )
    assert.ok(unclear < total / 5)
  },
)

buildKit.close()
rmSync(work, { recursive: true })
finish()

function hex(text: string): string {
  return Buffer.from(nameOnDisk(text)).toString('hex')
}
