import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { hashContext, hashWholeFolder } from '../src/source-key/build-context.ts'
import { stage } from '../test/support/stage.ts'

interface Figure {
  name: string
  value: number
  unit: string
  [detail: string]: unknown
}

/** What a build costs when there is nothing to build, and what reading a large context costs. */
export async function bench(report: (figure: Figure) => void): Promise<void> {
  await benchReuse(report)
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-context-'))
  try {
    await benchManyFiles(path.join(folder, 'many'), report)
    await benchLargeFile(path.join(folder, 'large'), report)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function benchReuse(report: (figure: Figure) => void): Promise<void> {
  const at = await stage()
  try {
    const { outputs } = await at.run()
    at.simulator.addImage({ repository: 'shop', tags: [outputs['image-tag']!] })
    const [calls, docker] = [at.ecrCalls().length, at.dockerCalls().length]
    const seconds: number[] = []
    for (let round = 0; round < 7; round++) {
      const run = await at.run()
      if (run.outputs.built !== 'false') throw new Error(`not reused: ${run.log}`)
      seconds.push(run.durationMs / 1000)
    }
    report({ name: 'build-image with nothing to build', value: median(seconds), unit: 's', runs: seconds.length })
    report({
      name: 'build-image with nothing to build, calls',
      value: (at.ecrCalls().length - calls) / seconds.length,
      unit: 'API calls',
      dockerCommands: at.dockerCalls().length - docker,
    })
  } finally {
    await at.close()
  }
}

/** An ignore file as projects have it, a pattern among them that backtracks elsewhere. */
const ignoreFile = '.git\n**/node_modules\n**/*.log\n**/*.test.*\n!docs/*.test.md\ndist\n**/a*a*a*b\n'

/** Against reading and hashing the same files one after the other, which is the least anything could do. */
async function benchManyFiles(folder: string, report: (figure: Figure) => void): Promise<void> {
  const files: string[] = []
  for (let index = 0; index < 100_000; index++) {
    const file = path.join(folder, `d${index % 1000}`, `aaaaaaaaaaaaaaaaaaaa${index}.js`)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, `${index}`.repeat(160))
    files.push(file)
  }
  writeFileSync(path.join(folder, 'Dockerfile'), 'FROM scratch\n')
  writeFileSync(path.join(folder, '.dockerignore'), ignoreFile)
  const ours: number[] = []
  const plain: number[] = []
  let addedResidentMB = 0
  for (let round = 0; round < 3; round++) {
    const resident = watchResident()
    ours.push(await seconds(() => hashContext(folder, path.join(folder, 'Dockerfile'))))
    addedResidentMB = Math.max(addedResidentMB, resident())
    plain.push(
      await seconds(() => files.forEach((file) => void createHash('sha256').update(readFileSync(file)).digest())),
    )
  }
  const value = median(ours)
  report({
    name: 'source key of 100000 files',
    value,
    unit: 's',
    addedResidentMB,
    ratioToPlainHash: value / median(plain),
  })
}

async function benchLargeFile(folder: string, report: (figure: Figure) => void): Promise<void> {
  mkdirSync(folder)
  writeFileSync(path.join(folder, 'large'), '')
  truncateSync(path.join(folder, 'large'), 2 * 1024 ** 3)
  const resident = watchResident()
  const value = await seconds(() => hashWholeFolder(folder))
  report({ name: 'source key of a 2 GB file', value, unit: 's', addedResidentMB: resident() })
}

/** Returns what ends the watch and tells how many MB the process grew by at most. */
function watchResident(): () => number {
  const before = process.memoryUsage.rss()
  let peak = before
  const look = () => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  const watch = setInterval(look, 20)
  return () => {
    clearInterval(watch)
    look()
    return Math.round((peak - before) / 1e6)
  }
}

async function seconds(work: () => unknown): Promise<number> {
  const started = performance.now()
  await work()
  return (performance.now() - started) / 1000
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
